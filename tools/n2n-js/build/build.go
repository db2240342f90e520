// Package build makes the JavaScript face of n2n.
package build

import "context"

// Build is not yet.
func Build(ctx context.Context, dir string) (int, error) { return 0, nil }
