package superp2p

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/peer/edgeclient"
)

// Media is a stream of the swarm as its container has it, for who has a player of their own: a proxy, a loader of HLS
// segments, a program that copies files. It has no clock and no buffer of a player; who plays asks for what they need, when
// they need it. What peers and server have proved is all that it gives, except for what only the origin can give.
//
// What can be read goes by MediaInfo.Kind:
//
//   - KindLive: FLV
//   - KindFile: ReadFile, ReaderAt, or FLV
//   - KindPlaylist: Playlist, Segment and Resource, or FLV
//
// Make one with Open, end it with Close. All methods may be called concurrently, and any number of readers may share a Media:
// a program opens what it plays for several players once.
type Media struct {
	viewer *peer.Viewer
	info   MediaInfo
	name   string // of what is played, in events
	ended  sync.WaitGroup

	mu     sync.Mutex
	wanted bool // SetDownload
	enough bool // there are as many viewers as PlayConfig.MinViewers says
	meter  multicastMeter
}

// MediaKind is what a Media is.
type MediaKind string

// The kinds of Media.
const (
	KindLive     MediaKind = "live"     // a live stream that comes as FLV
	KindFile     MediaKind = "file"     // a file, by byte range
	KindPlaylist MediaKind = "playlist" // an HLS media playlist, live or complete
)

// MediaInfo says what a Media is. It never changes.
type MediaInfo struct {
	Kind   MediaKind
	Stream string // its identity at the server: the channel id, or the URL without what differs from viewer to viewer
	Live   bool   // it goes on whether it is read or not: a live stream or playlist

	Size     int64     // of a file, in bytes; else 0
	Type     string    // of a file, its media type as the origin says, such as video/mp4; else ""
	ETag     string    // of a file, its entity tag as the origin says; "" if it says none
	Modified time.Time // of a file, when it was changed last, as the origin says; zero if it does not

	Duration time.Duration // of a file or a complete playlist; guessed where that does not say; else 0
	Target   time.Duration // of a playlist, how long a segment lasts at the most; else 0
}

// Open joins the swarm of a URL or channel id, as P2PNetStream.Play does (which is what to use where FLV by the clock of a
// player is wanted). It returns when the server has said where the stream is, or why not, within StartTimeout. ctx limits
// Open only. A nil play means the defaults.
//
// A file and a complete playlist are loaded as they are read, by Config.Unpaced as fast as that is, else somewhat ahead of a
// player. A live stream goes on by itself, PlayConfig.Delay behind the live edge.
//
// Errors: config_invalid, url_invalid; what the server says, such as channel_unknown, origin_not_allowed, source_unreachable;
// server_unreachable, server_invalid; source_master of a master playlist: see LoadMaster.
func Open(ctx context.Context, cfg Config, url string, play *PlayConfig) (*Media, error) {
	c, target, err := viewerOf(&cfg, url, &play)
	if err != nil {
		return nil, err
	}
	v, err := peer.Open(ctx, c, target)
	if err != nil {
		return nil, err
	}
	m := &Media{viewer: v, info: infoOf(v), name: play.name(url), wanted: true, enough: play.MinViewers <= 1}
	if !m.enough {
		m.ended.Go(func() { m.watch(play.MinViewers) })
	}
	return m, nil
}

// viewerOf checks what Open and others were given and says what that means.
func viewerOf(cfg *Config, url string, play **PlayConfig) (c peer.Config, target string, err error) {
	if *play == nil {
		*play = &PlayConfig{}
	}
	if err := cfg.check(); err != nil {
		return c, "", err
	}
	if err := check(url, *play); err != nil {
		return c, "", err
	}
	if target = (*play).target(url); target == "" {
		return c, "", fault.New(fault.URLInvalid, "there is nothing to play; give a URL or a channel id")
	}
	return cfg.viewer(*play), target, nil
}

// Resolve asks the server for the identity of what is at a URL, MediaInfo.Stream, without playing it: those of two URLs are the
// same if their viewers share a swarm. The server has the stream from its origin from then on, for a while.
//
// Errors: those of Open, but source_master.
func Resolve(ctx context.Context, cfg Config, url string, play *PlayConfig) (stream string, err error) {
	c, target, err := viewerOf(&cfg, url, &play)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.StartTimeout)
	defer cancel()
	client, err := edgeclient.New(edgeclient.Config{Server: c.Server, HTTPClient: c.HTTPClient})
	if err != nil {
		return "", err
	}
	defer client.Close()
	r, err := client.Resolve(ctx, target)
	if err != nil {
		return "", err
	}
	return r.Stream, nil
}

// Info says what it is.
func (m *Media) Info() MediaInfo { return m.info }

func infoOf(v *peer.Viewer) MediaInfo {
	info := MediaInfo{Kind: KindLive, Stream: v.Stream(), Live: v.Live()}
	if f := v.File(); f != nil {
		info.Kind, info.Size, info.Type, info.ETag = KindFile, f.Size, f.Type, f.ETag
		info.Duration = time.Duration(f.Duration) * time.Millisecond
		if f.Modified != 0 {
			info.Modified = time.Unix(f.Modified, 0)
		}
	}
	if p := v.Playlist(); p != nil {
		info.Kind, info.Target = KindPlaylist, time.Duration(p.Target)*time.Millisecond
		if !info.Live {
			info.Duration = v.Stats().Length
		}
	}
	return info
}

// Stats returns what was done so far. After the end, what it was then.
func (m *Media) Stats() Stats { return statsOf(m.viewer.Stats()) }

// MulticastInfo returns what the swarm gave and took so far. After the end, what it was then.
func (m *Media) MulticastInfo() NetStreamMulticastInfo {
	counts := m.viewer.Stats()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.meter.info(time.Now(), &counts)
}

// NextEvent waits for what happens next and returns it, in order. Of a live stream these are Play.Start, Buffer.Full, then
// Buffer.Empty and Buffer.Full in pairs by a playback without a buffer of its own, PublishNotify and UnpublishNotify,
// MulticastStream.Reset; at last Buffer.Flush and Play.Stop, or one of the level "error". If nobody asks, the oldest of more
// than 64 are left out. Where two ask, each gets others.
//
// Errors: io.EOF when nothing more will happen, also after Close; what ctx ended with.
func (m *Media) NextEvent(ctx context.Context) (NetStatusEvent, error) {
	select {
	case <-ctx.Done():
		return NetStatusEvent{}, ctx.Err()
	case e, ok := <-m.viewer.Events():
		switch {
		case !ok:
			return NetStatusEvent{}, io.EOF
		case e.Code == peer.PlayFailed:
			return failure(e.Err, m.name), nil
		}
		info := Info{Code: string(e.Code), Level: string(e.Level), Description: e.Description, Details: m.name}
		return NetStatusEvent{Info: info, Time: time.Now()}, nil
	}
}

// SetUpload switches giving to peers on or off.
func (m *Media) SetUpload(on bool) { m.viewer.SetUpload(on) }

// SetDownload switches taking from peers on or off. While it is off, or there are fewer viewers than PlayConfig.MinViewers
// says, everything comes from the server. At first it is on.
func (m *Media) SetDownload(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wanted = on
	m.viewer.SetDownload(m.wanted && m.enough)
}

// watch has m take from peers while there are as many viewers as are wanted; until the end.
func (m *Media) watch(least int) {
	everySecond(m.viewer.Done(), func() {
		enough := m.viewer.Stats().SwarmSize >= least
		m.mu.Lock()
		defer m.mu.Unlock()
		m.enough = enough
		m.viewer.SetDownload(m.wanted && m.enough)
	})
}

// Close leaves the swarm, which takes up to a second where peers do not answer, and ends reads that wait. It may be called
// more than once. It returns nil.
func (m *Media) Close() error {
	_ = m.viewer.Close()
	m.ended.Wait()
	return nil
}
