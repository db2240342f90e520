package bench

import (
	"context"
	"time"

	"github.com/pion/dtls/v3"
	dtlselliptic "github.com/pion/dtls/v3/pkg/crypto/elliptic"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"
)

// without has raw best with one setting taken back each.
var without = []system{
	rawTuned("without SNAP", func(se *webrtc.SettingEngine) { se.EnableSctpSnap(false) }),
	rawTuned("with hello verify", func(se *webrtc.SettingEngine) { se.SetDTLSInsecureSkipHelloVerify(false) }),
	rawTuned("with nomination", func(se *webrtc.SettingEngine) {
		se.SetICEBindingRequestHandler(func(*stun.Message, ice.Candidate, ice.Candidate, *ice.CandidatePair) bool { return false })
	}),
	rawTuned("answerer is DTLS client", func(se *webrtc.SettingEngine) { _ = se.SetAnsweringDTLSRole(webrtc.DTLSRoleClient) }),
	rawTuned("P-384", func(se *webrtc.SettingEngine) { se.SetDTLSEllipticCurves(dtlselliptic.P384) }),
	rawTuned("X25519", func(se *webrtc.SettingEngine) { se.SetDTLSEllipticCurves(dtlselliptic.X25519) }),
	rawTuned("AES-256-GCM", func(se *webrtc.SettingEngine) {
		se.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
	}),
	rawTuned("with loggers", func(se *webrtc.SettingEngine) { se.LoggerFactory = logging.NewDefaultLoggerFactory() }),
	rawTuned("a socket each", func(se *webrtc.SettingEngine) {
		se.SetICEUDPMux(nil)
		if network, err := stdnet.NewNet(); err == nil { // which has to find its address
			se.SetNet(network)
		}
	}),
	rawTuned("with a list of interfaces", func(se *webrtc.SettingEngine) {
		if network, err := stdnet.NewNet(); err == nil {
			se.SetNet(network)
		}
	}),
}

// ablation measures what each setting of raw best is worth: with it taken back
// or changed, against all. It runs only when asked for.
func (s *size) ablation() phase {
	const far = 25 * time.Millisecond
	systems := append([]system{rawBest}, without...)
	return phase{
		name: "ablation", steps: s.openRounds, asked: true, share: time.Minute,
		step: func(ctx context.Context, m *measure, i int) error {
			for _, x := range turn(systems, i) {
				r, err := openAll(ctx, x, 4, 4, 1, way{})
				if err != nil {
					return err
				}
				m.add("ablation: open on loopback", x.name, "ms", ms(median(r.times)))
				m.add("ablation: processor time of an open", x.name, "ms", ms(r.cpu))
				if i%4 > 0 {
					continue
				}
				if r, err = openAll(ctx, x, 2, 2, 4, way{packets: far, signals: far}); err != nil {
					return err
				}
				m.add("ablation: open with 25ms one way", x.name, "ms", ms(median(r.times)))
			}
			return nil
		},
		end: func(m *measure) {
			for _, x := range without {
				m.ratio("ablation, processor time, "+x.name, "ablation: processor time of an open", "ms", x.name, rawBest.name)
				m.ratio("ablation, 25ms, "+x.name, "ablation: open with 25ms one way", "ms", x.name, rawBest.name)
			}
		},
	}
}
