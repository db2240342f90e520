package pion

import (
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/n2n-overlay/n2n/transport/internal/sdp"
)

// registerMedia says what sessions with media can do: one codec of each kind, lost
// video packets sent again (RFC 4585), sender and receiver reports (RFC 3550),
// and reports for the congestion control of peers that have one.
func registerMedia(engine *webrtc.MediaEngine, registry *interceptor.Registry) {
	codecs := map[webrtc.RTPCodecType]webrtc.RTPCodecParameters{
		webrtc.RTPCodecTypeAudio: {
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			},
			PayloadType: sdp.DefaultOpus,
		},
		webrtc.RTPCodecTypeVideo: {
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: []webrtc.RTCPFeedback{{Type: "ccm", Parameter: "fir"}},
			},
			PayloadType: sdp.DefaultVP8,
		},
	}
	var failed error
	must := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	for kind, codec := range codecs {
		must(engine.RegisterCodec(codec, kind))
	}
	must(webrtc.ConfigureNack(engine, registry))
	must(webrtc.ConfigureRTCPReports(registry))
	must(webrtc.ConfigureTWCCSender(engine, registry))
	if failed != nil {
		panic(failed) // what is registered is constant
	}
}
