package webrtclink

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/fault"
)

// taking returns a setting that takes branches of one label.
func taking(label string, ev *events) func(*Config) {
	return func(c *Config) {
		c.Branched = func(_ *Conn, l string) Handler {
			if l != label {
				return nil
			}
			return ev
		}
	}
}

func TestBranchesShareAConnection(t *testing.T) {
	branched := newEvents()
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, taking("more", branched))
	la, lb := connect(t, a, b)
	mine := newEvents()
	more, err := la.Branch("more", mine)
	require.NoError(t, err)
	require.Equal(t, more, <-mine.opened)
	theirs := <-branched.opened
	require.Equal(t, la.Conn(), more.Conn())
	require.Equal(t, lb.Conn(), theirs.Conn())

	for i := range 50 {
		require.NoError(t, la.Send([]byte{1, byte(i)}))
		require.NoError(t, more.Send([]byte{2, byte(i)}))
		require.NoError(t, theirs.Send([]byte{3, byte(i)}))
	}
	for i := range 50 {
		require.Equal(t, []byte{1, byte(i)}, <-eb.message)
		require.Equal(t, []byte{2, byte(i)}, <-branched.message)
		require.Equal(t, []byte{3, byte(i)}, <-mine.message)
	}
	require.Empty(t, ea.message)

	la.Close()
	require.NoError(t, <-ea.closed)
	require.ErrorIs(t, <-eb.closed, errRemote)
	require.NoError(t, more.Send([]byte("still here")))
	require.Equal(t, "still here", string(<-branched.message))
	again, err := more.Branch("more", ea)
	require.NoError(t, err, "a branch of a branch")
	<-branched.opened
	again.Close()
	require.NoError(t, <-ea.closed)
	require.ErrorIs(t, <-branched.closed, errRemote)

	theirs.Close()
	require.NoError(t, <-branched.closed)
	require.ErrorIs(t, <-mine.closed, errRemote)
	<-more.Conn().down
	<-theirs.Conn().down
	require.Zero(t, a.Len()+b.Len())
	require.Equal(t, uint64(1), a.Connections())
	require.Equal(t, uint64(1), b.Connections())
	_, err = more.Branch("more", mine)
	require.Equal(t, fault.Closed, fault.CodeOf(err))
}

func TestBranchesThatAreRefused(t *testing.T) {
	branched := newEvents()
	a, _ := endpoint(t, nil)
	b, eb := endpoint(t, taking("more", branched))
	la, lb := connect(t, a, b)
	refused := newEvents()
	_, err := la.Branch("unknown", refused)
	require.NoError(t, err)
	require.ErrorIs(t, <-refused.closed, errRemote)
	_, err = lb.Branch("more", refused)
	require.NoError(t, err)
	require.ErrorIs(t, <-refused.closed, errRemote, "a takes none at all")
	_, err = la.Branch(strings.Repeat("l", MaxLabel+1), refused)
	require.Error(t, err)
	long, err := la.conn.pc.CreateDataChannel(strings.Repeat("l", MaxLabel+1), nil)
	require.NoError(t, err)
	unordered := false
	lossy, err := la.conn.pc.CreateDataChannel("more", &webrtc.DataChannelInit{Ordered: &unordered})
	require.NoError(t, err)
	requireClosed(t, long)
	requireClosed(t, lossy)
	require.Empty(t, branched.opened)
	require.NoError(t, la.Send([]byte("still here")))
	require.Equal(t, "still here", string(<-eb.message))
	require.Equal(t, 1, b.Len())
}

func TestOnlySoManyBranches(t *testing.T) {
	branched := newEvents()
	a, ea := endpoint(t, nil)
	b, _ := endpoint(t, taking("more", branched))
	la, _ := connect(t, a, b)
	for range MaxLinks - 1 {
		_, err := la.Branch("more", ea)
		require.NoError(t, err)
		<-branched.opened
	}
	_, err := la.Branch("more", ea)
	require.Equal(t, fault.LimitReached, fault.CodeOf(err))
	over, err := la.conn.pc.CreateDataChannel("more", nil)
	require.NoError(t, err)
	requireClosed(t, over)
	require.Equal(t, MaxLinks, b.Len())
}

// requireClosed requires that the other side closes a channel that was just made.
func requireClosed(t *testing.T, channel *webrtc.DataChannel) {
	t.Helper()
	closed := make(chan error)
	channel.OnOpen(func() {
		dc, err := channel.Detach()
		if err == nil {
			_, err = dc.Read(make([]byte, 1))
		}
		closed <- err
	})
	require.Error(t, <-closed)
}

func TestAPeerThatGuessesLabelsIsCutOff(t *testing.T) {
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, nil)
	la, _ := connect(t, a, b)
	refused := newEvents()
	for i := range maxRefused + 1 {
		_, err := la.Branch("guess", refused)
		if err == nil && i < maxRefused {
			<-refused.opened
			<-refused.closed
		}
	}
	require.ErrorIs(t, <-eb.closed, errExtraChannel)
	require.ErrorIs(t, <-ea.closed, errRemote)
}

// What is opened first may come second: then it is the first link all the same.
func TestTheFirstLinkIsFoundByItsName(t *testing.T) {
	branched := newEvents()
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, taking("more", branched))
	l, err := a.newConn(ea)
	require.NoError(t, err)
	for _, label := range []string{"other", "more", channelLabel} {
		channel, err := l.conn.pc.CreateDataChannel(label, nil)
		require.NoError(t, err)
		if label == channelLabel {
			channel.OnOpen(func() { l.open(channel) })
		}
	}
	sdp, err := l.conn.pc.CreateOffer(nil)
	require.NoError(t, err)
	offer, err := l.describe(t.Context(), sdp)
	require.NoError(t, err)
	_, answer, err := b.Answer(t.Context(), offer)
	require.NoError(t, err)
	require.NoError(t, l.Accept(answer))
	<-branched.opened
	<-eb.opened
	require.NoError(t, l.Send([]byte("hello")))
	require.Equal(t, "hello", string(<-eb.message))
}

func TestAConnectionEndsWithAllItsLinks(t *testing.T) {
	branched := newEvents()
	a, ea := endpoint(t, nil)
	b, eb := endpoint(t, func(c *Config) {
		c.MaxMessage = 1000
		taking("more", branched)(c)
	})
	la, lb := connect(t, a, b)
	mine := newEvents()
	_, err := la.Branch("more", mine)
	require.NoError(t, err)
	<-branched.opened
	why := errors.New("reason")
	lb.Conn().Close(why)
	require.ErrorIs(t, <-eb.closed, why)
	require.ErrorIs(t, <-branched.closed, why)
	require.ErrorIs(t, <-ea.closed, errRemote)
	require.ErrorIs(t, <-mine.closed, errRemote)

	la, _ = connect(t, a, b)
	more, err := la.Branch("more", mine)
	require.NoError(t, err)
	<-branched.opened
	require.NoError(t, more.Send(make([]byte, 1001)))
	require.ErrorIs(t, <-eb.closed, ErrOversized)
	require.ErrorIs(t, <-branched.closed, ErrOversized)
}

func TestAClosedBranchReadsWhatIsUnderWay(t *testing.T) {
	branched := newEvents()
	a, _ := endpoint(t, nil)
	b, eb := endpoint(t, taking("more", branched))
	la, _ := connect(t, a, b)
	more, err := la.Branch("more", newEvents())
	require.NoError(t, err)
	theirs := <-branched.opened
	branched.block.Lock()
	const size, n = 16 << 10, 64 // twice the window
	for range n {
		require.NoError(t, more.Send(make([]byte, size)))
	}
	theirs.Close()
	branched.block.Unlock()
	require.NoError(t, <-branched.closed)
	require.Less(t, len(branched.message), n)
	for range n {
		require.NoError(t, la.Send(make([]byte, size)))
	}
	for range n {
		<-eb.message
	}
}

func TestABranchOfALinkThatIsNotOpen(t *testing.T) {
	a, _ := endpoint(t, nil)
	l, _, err := a.Offer(t.Context())
	require.NoError(t, err)
	_, err = l.Branch("more", newEvents())
	require.Equal(t, fault.Closed, fault.CodeOf(err))
	l.CloseFlushed(time.Second)
}
