package live

// ring keeps the last entries of something that never ends. Readers keep the
// number of the next entry they want, so that a slow one costs nothing: it is
// told how many it missed. Its owner locks.
type ring[T any] struct {
	list []T
	next uint64 // number of the entry that comes next
}

func newRing[T any](size int) *ring[T] { return &ring[T]{list: make([]T, 0, size)} }

func (r *ring[T]) add(v T) {
	if len(r.list) < cap(r.list) {
		r.list = append(r.list, v)
	} else {
		r.list[r.next%uint64(cap(r.list))] = v
	}
	r.next++
}

// from gives the entries from a number on, at most so many, and the number to go
// on with; missed are those that are gone already.
func (r *ring[T]) from(number uint64, most int) (list []T, next, missed uint64) {
	if oldest := r.next - uint64(len(r.list)); number < oldest {
		missed, number = oldest-number, oldest
	}
	for ; number < r.next && len(list) < most; number++ {
		list = append(list, r.list[number%uint64(cap(r.list))])
	}
	return list, number, missed
}
