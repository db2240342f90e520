// Package bench measures n2n beside raw pion/webrtc, with its default settings
// and with the best ones known. All run in one process and take turns, so that
// ratios between them hold on a machine that does other things meanwhile;
// absolute times do not.
//
//	report, err := bench.Run(ctx, bench.Options{Quick: true})
//	fmt.Println(report.Ratios["open_broker_vs_best"])
//
// A system under test makes grids of peers: each peer on the left can be
// connected once with each on the right, and the time from the call to both ends
// being able to send is what counts. Where packets are to be late, each socket
// gets a second address (package far), so that nothing under test knows of it; a
// signal takes as long from end to end as a packet does, whatever the number of
// brokers.
//
// Raw pion hands descriptions and candidates over by calls. N2n signs and
// verifies signals, sends them through real sessions with real brokers, counts
// arcs, and keeps slow readers from filling memory; it is measured with all of
// that.
//
// # Concurrency
//
// Run may be called once at a time: memory and processor time are those of the
// process. What it starts has ended when it returns, but for what pion ends late
// (some 100 ms).
package bench
