package spec

import "embed"

// Files holds the specs that this version of n2n was generated from,
// signal.fsm, arc.fsm and media.fsm, so that tools can show them anywhere.
//
//go:embed *.fsm
var Files embed.FS
