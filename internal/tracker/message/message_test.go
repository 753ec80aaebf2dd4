package message

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/fault"
)

var update = flag.Bool("update", false, "write the golden files")

// every byte that is encoded in a way of its own: control, short escapes, quote, backslash, DEL, C1, Latin 1
var (
	hash = ID([]byte("\x00\x01\x1f\b\t\n\f\r\"\\/ A~\x7f\x80\x9f\xa0\xc3\xff"))
	alex = ID([]byte("-WW0102-aaaaaaaaaaaa"))
	bert = ID([]byte("-WW0102-bbbbbbbbbbbb"))
	one  = ID([]byte("offer 1 \xf0\x9f\x98\x80.......\x7f"))
	two  = ID([]byte("offer 2 ............"))
)

func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name+".json")
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
	return want
}

func announce() *Request {
	return &Request{
		Action: Announce, InfoHash: hash, PeerID: alex, Event: Started, NumWant: 2, Left: 1, Downloaded: 7, Uploaded: 9,
		Offers: []Offer{
			{one, AppendDescription(nil, "offer", "v=0\r\n\"quoted\" \\ \x01 ü 😀")},
			{two, AppendDescription(nil, "offer", "v=0\r\n")},
		},
		TrackerID: "id", Extra: []byte(`{"v":1}`),
	}
}

// The golden files are what our peers and tracker send: a change in them is a change of the protocol.
func TestGolden(t *testing.T) {
	answer := &Request{
		InfoHash: hash, PeerID: bert, ToPeerID: alex, OfferID: one, Answer: AppendDescription(nil, "answer", "v=0\r\n"),
	}
	var r Request
	require.NoError(t, ParseRequest(golden(t, "announce", AppendAnnounce(nil, announce())), &r))
	want := announce()
	want.HasHash, want.HasPeer, want.TrackerID, want.InfoHashes = true, true, "", []ID{hash}
	require.Equal(t, *want, r)

	require.NoError(t, ParseRequest(golden(t, "answer", AppendAnnounce(nil, answer)), &r))
	require.Equal(t, []any{bert, alex, one, answer.Answer}, []any{r.PeerID, r.ToPeerID, r.OfferID, r.Answer})

	require.NoError(t, ParseRequest(golden(t, "scrape", AppendScrape(nil, hash, one)), &r))
	require.Equal(t, []ID{hash, one}, r.InfoHashes)
	require.Equal(t, Scrape, r.Action)

	sdp := AppendDescription(nil, "offer", "v=0\r\n")
	for name, file := range map[string]struct {
		bytes []byte
		want  Response
	}{
		"counts": {
			AppendCounts(nil, &hash, 1, 22, 120),
			Response{Action: Announce, InfoHash: hash, HasHash: true, HasCounts: true, Complete: 1, Incomplete: 22, Interval: 120},
		},
		"relayed-offer": {
			AppendOffer(nil, &hash, &alex, &one, sdp, []byte(`{"v":1}`)),
			Response{
				Action: Announce, InfoHash: hash, HasHash: true, PeerID: alex, HasPeer: true, OfferID: one, HasOfferID: true,
				Offer: sdp, Extra: []byte(`{"v":1}`),
			},
		},
		"relayed-answer": {
			AppendAnswer(nil, &hash, &bert, &one, sdp, nil),
			Response{
				Action: Announce, InfoHash: hash, HasHash: true, PeerID: bert, HasPeer: true, OfferID: one, HasOfferID: true,
				Answer: sdp,
			},
		},
		"files": {
			AppendFiles(nil, []File{{hash, 1, 2, 3}, {one, 0, 0, 0}}),
			Response{Action: Scrape, Files: []File{{hash, 1, 2, 3}, {one, 0, 0, 0}}},
		},
		"failure": {
			AppendFailure(nil, &Request{Action: Announce, InfoHash: hash, HasHash: true}, "no\n\"way\" ü"),
			Response{Action: Announce, InfoHash: hash, HasHash: true, Failure: "no\n\"way\" ü"},
		},
	} {
		var got Response
		require.NoError(t, ParseResponse(golden(t, name, file.bytes), &got), name)
		require.Equal(t, file.want, got, name)
	}
}

func TestIdentifiersAreWhatJavaScriptWrites(t *testing.T) {
	for c := range 256 {
		id := ID{19: byte(c)}
		for i := range id {
			id[i] = byte(c)
		}
		text, err := json.Marshal(strings.Repeat(string(rune(c)), 20))
		require.NoError(t, err)
		var back string
		require.NoError(t, json.Unmarshal(AppendID(nil, &id), &back))
		require.Equal(t, strings.Repeat(string(rune(c)), 20), back)
		var got ID
		require.True(t, decodeID(text[1:len(text)-1], &got), "%s", text)
		require.Equal(t, id, got)
	}
}

const (
	h = `"info_hash":"hhhhhhhhhhhhhhhhhhhh"`
	p = `"peer_id":"pppppppppppppppppppp"`
)

func TestInvalidRequests(t *testing.T) {
	offer := `{"offer":{"type":"offer","sdp":"x"},"offer_id":"oooooooooooooooooooo"}`
	for text, want := range map[string]error{
		``:                                    errJSON,
		`[]`:                                  errJSON,
		`{"action":"announce",` + h + `,` + p: errJSON,
		`{"action":"announce"` + h + `,` + p:  errJSON,
		`{"action":"announce",}`:              errJSON,
		`{"action":"announce"} x`:             errJSON,
		"{\"action\":\"announce\",\"x\":\"\xff\"}":                                            errJSON,
		"{\"action\":\"announce\",\"x\":\"\n\"}":                                              errJSON,
		`{"action":"announce","x":"\u12g4"}`:                                                  errJSON,
		`{"action":"announce","x":01}`:                                                        errJSON,
		`{"action":"announce","x":1.}`:                                                        errJSON,
		`{"action":"announce","x":tru}`:                                                       errJSON,
		`{"action":"announce","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`: errJSON,
		`{}`:                              errAction,
		`{"action":"connect"}`:            errAction,
		`{"action":1}`:                    errAction,
		`{"action":"announce",` + p + `}`: errHash,
		`{"action":"announce",` + h + `}`: errPeer,
		`{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhh",` + p + `}`:                                             errHash,
		`{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhhh",` + p + `}`:                                           errHash,
		`{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhh\u0100",` + p + `}`:                                       errHash,
		`{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhĀ",` + p + `}`:                                            errHash,
		`{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhh😀",` + p + `}`:                                            errHash,
		`{"action":"announce","info_hash":7,` + p + `}`:                                                                 errHash,
		`{"action":"announce",` + h + `,` + p + `,"event":"begun"}`:                                                     errEvent,
		`{"action":"announce",` + h + `,` + p + `,"offers":7}`:                                                          errOffer,
		`{"action":"announce",` + h + `,` + p + `,"offers":[7]}`:                                                        errOffer,
		`{"action":"announce",` + h + `,` + p + `,"offers":[{"offer":"v=0"}]}`:                                          errOffer,
		`{"action":"announce",` + h + `,` + p + `,"offers":[{"offer":{}}]}`:                                             errOfferID,
		`{"action":"announce",` + h + `,` + p + `,"offers":[{"offer_id":"oooooooooooooooooooo"}]}`:                      errOffer,
		`{"action":"announce",` + h + `,` + p + `,"offers":[` + strings.Repeat(offer+",", 20) + offer + `]}`:            errOffers,
		`{"action":"announce",` + h + `,` + p + `,"answer":"v=0"}`:                                                      errAnswer,
		`{"action":"announce",` + h + `,` + p + `,"answer":{}}`:                                                         errTo,
		`{"action":"announce",` + h + `,` + p + `,"answer":{},"to_peer_id":"tttttttttttttttttttt"}`:                     errOfferID,
		`{"action":"announce",` + h + `,` + p + `,"answer":{},"to_peer_id":"t"}`:                                        errTo,
		`{"action":"announce",` + h + `,` + p + `,"superp2p":"` + strings.Repeat("x", MaxExtra) + `"}`:                  errExtra,
		`{"action":"scrape","info_hash":["x"]}`:                                                                         errHash,
		`{"action":"scrape","info_hash":[` + strings.Repeat(`"hhhhhhhhhhhhhhhhhhhh",`, 64) + `"hhhhhhhhhhhhhhhhhhhh"]}`: errScrapes,
		`{"x":"` + strings.Repeat("x", MaxSize) + `"}`:                                                                  errTooLarge,
	} {
		var r Request
		err := ParseRequest([]byte(text), &r)
		require.Equal(t, want, err, text)
		require.Contains(t, []fault.Code{fault.RequestInvalid, fault.LimitReached}, fault.CodeOf(err))
	}
}

func TestFailureNamesWhatWasReadSoFar(t *testing.T) {
	var r Request
	require.Error(t, ParseRequest([]byte(`{"action":"announce",`+h+`,"peer_id":7}`), &r))
	require.Equal(t, `{"action":"announce","info_hash":"hhhhhhhhhhhhhhhhhhhh","failure reason":"no"}`,
		string(AppendFailure(nil, &r, "no")))
}

// Clients differ: all of this was seen somewhere.
func TestRequestsOfOtherClients(t *testing.T) {
	var r Request
	for text, check := range map[string]func(){
		`"left":null`:                           func() { require.EqualValues(t, -1, r.Left) },
		`"left":"0"`:                            func() { require.EqualValues(t, 0, r.Left) },
		`"left":1e3`:                            func() { require.EqualValues(t, 1000, r.Left) },
		`"left":1.5`:                            func() { require.EqualValues(t, 1, r.Left) },
		`"left":-3`:                             func() { require.EqualValues(t, 0, r.Left) },
		`"left":1e400`:                          func() { require.EqualValues(t, 1<<53, r.Left) },
		`"left":"many"`:                         func() { require.EqualValues(t, -1, r.Left) },
		`"numwant":50`:                          func() { require.Equal(t, MaxOffers, r.NumWant) },
		`"event":"completed"`:                   func() { require.Equal(t, Completed, r.Event) },
		`"event":""`:                            func() { require.Equal(t, Update, r.Event) },
		`"event":null`:                          func() { require.Equal(t, Update, r.Event) },
		`"offers":null`:                         func() { require.Empty(t, r.Offers) },
		`"answer":null,"to_peer_id":null`:       func() { require.Nil(t, r.Answer) },
		`"unknown":{"a":[1,{"b":null}],"c":""}`: func() {},
		` "left" : 4 , "x" : [ 1 , 2 ] `:        func() { require.EqualValues(t, 4, r.Left) },
		`"l\u0065ft":4`:                         func() { require.EqualValues(t, 4, r.Left) },
		`"left":4,"left":5`:                     func() { require.EqualValues(t, 5, r.Left) },
	} {
		require.NoError(t, ParseRequest([]byte(`{"action":"announce",`+h+`,`+p+`,`+text+`}`), &r), text)
		check()
	}
}

// Trackers differ: what is odd is ignored, the rest is read.
func TestResponsesOfOtherTrackers(t *testing.T) {
	var r Response
	require.NoError(t, ParseResponse([]byte(`{"interval":"120","complete":"3","incomplete":4.0,"min interval":60,
		"warning message":"soon","tracker id":"x","peer_id":"short","offer":"v=0","superp2p":[]}`), &r))
	require.Equal(t, Response{
		Interval: 120, Complete: 3, Incomplete: 4, MinInterval: 60, HasCounts: true, Warning: "soon", TrackerID: "x",
		Extra: []byte("[]"),
	}, r)
	require.NoError(t, ParseResponse([]byte(`{"action":7,"failure reason":"gone","files":{"x":1,"y":{}},"interval":[1]}`), &r))
	require.Equal(t, "gone", r.Failure)
	require.Empty(t, r.Files)
	for _, text := range []string{``, `null`, `"x"`, `{`, `{"a":}`, "{\"a\":\"\xff\"}"} {
		require.Equal(t, fault.ServerInvalid, fault.CodeOf(ParseResponse([]byte(text), &r)), text)
	}
}

func TestDescription(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, -1, -1).Draw(t, "sdp")
		b := AppendDescription(nil, "offer", text)
		sdp, ok := ParseDescription(b)
		require.True(t, ok)
		require.Equal(t, strings.ToValidUTF8(text, "\uFFFD"), strings.ToValidUTF8(sdp, "\uFFFD"))
		var std struct{ SDP string }
		require.NoError(t, json.Unmarshal(b, &std))
		require.Equal(t, std.SDP, sdp)
	})
	for text, want := range map[string]string{
		`{"sdp":"\ud83d\ude00\ud83dx\u00fc"}`: "😀\uFFFDxü", `{"sdp":7}`: "", `{}`: "", `[]`: "", `{"sdp":"x"`: "",
	} {
		sdp, ok := ParseDescription([]byte(text))
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, sdp)
		}
	}
}
