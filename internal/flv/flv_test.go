package flv_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/superp2p/superp2p/internal/flv"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	if *update {
		require.NoError(t, os.WriteFile(name, got, 0o600))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func body(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestGolden(t *testing.T) {
	b := flv.AppendHeader(nil, true, true)
	for _, tag := range []flv.Tag{
		{Type: flv.Script, Body: body("02000a6f6e4d65746144617461 08 00000000 000009")},
		{Type: flv.Video, Timestamp: 0x12345678, Body: body("17 01 000050 00000002 0910")},
		{Type: flv.Audio, Timestamp: 0xffffffff, Body: nil},
	} {
		b = flv.AppendTag(b, &tag)
	}
	golden(t, "testdata/tags.flv.hex", []byte(hex.Dump(b)))
}

func TestReadWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tags := rapid.SliceOf(rapid.Custom(func(t *rapid.T) flv.Tag {
			return flv.Tag{
				Type:      rapid.SampledFrom([]flv.Type{flv.Audio, flv.Video, flv.Script}).Draw(t, "type"),
				Timestamp: rapid.Uint32().Draw(t, "timestamp"),
				Body:      make([]byte, rapid.SampledFrom([]int{0, 1, 11, 255, 65_536, 600_000}).Draw(t, "size")),
			}
		})).Draw(t, "tags")
		b := flv.AppendHeader(nil, true, false)
		for i := range tags {
			before := len(b)
			b = flv.AppendTag(b, &tags[i])
			require.Equal(t, tags[i].Size(), len(b)-before)
			tag, n, err := flv.ParseTag(b[before:], flv.Limits{})
			require.NoError(t, err)
			require.Equal(t, tags[i].Size(), n)
			require.Equal(t, tags[i].Timestamp, tag.Timestamp)
			_, n, err = flv.ParseTag(b[before:len(b)-1], flv.Limits{})
			require.ErrorIs(t, err, flv.ErrShort)
			require.Equal(t, tags[i].Size(), n)
		}
		r := flv.NewReader(iotest.HalfReader(bytes.NewReader(b)), flv.Limits{})
		for i := range tags {
			got, err := r.ReadTag()
			require.NoError(t, err)
			require.Equal(t, tags[i], got)
		}
		_, err := r.ReadTag()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestReadErrors(t *testing.T) {
	header := string(flv.AppendHeader(nil, true, true))
	audio := "\x08\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00A"
	for name, c := range map[string]struct {
		in   string
		want error
		tags int
	}{
		"nothing":                         {"", io.EOF, 0},
		"half a header":                   {header[:5], flv.ErrSignature, 0},
		"no FLV":                          {"<html>this is no FLV</html>", flv.ErrSignature, 0},
		"a header of nonsense size":       {"FLV\x01\x05\xff\x00\x00\x00\x00\x00\x00\x00", flv.ErrSignature, 0},
		"header alone":                    {header, io.EOF, 0},
		"a longer header":                 {"FLV\x01\x05\x00\x00\x00\x0bxx\x00\x00\x00\x00" + audio, io.EOF, 1},
		"no previous tag size":            {header + audio, io.EOF, 1},
		"a wrong one":                     {header + audio + "zzzz" + audio + "yyyy", io.EOF, 2},
		"half a tag header":               {header + audio[:7], io.ErrUnexpectedEOF, 0},
		"no body":                         {header + audio[:11], io.ErrUnexpectedEOF, 0},
		"neither audio, video nor script": {header + "\x0b" + audio[1:], flv.ErrTagType, 0},
		"too large":                       {header + "\x09\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00", flv.ErrTagSize, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := flv.NewReader(strings.NewReader(c.in), flv.Limits{MaxTag: 256})
			for range c.tags {
				tag, err := r.ReadTag()
				require.NoError(t, err)
				require.Equal(t, "A", string(tag.Body))
			}
			_, err := r.ReadTag()
			require.ErrorIs(t, err, c.want)
		})
	}
	broken := errors.New("broken")
	r := flv.NewReader(io.MultiReader(strings.NewReader(header+audio[:11]), iotest.ErrReader(broken)), flv.Limits{})
	_, err := r.ReadTag()
	require.ErrorIs(t, err, broken)
}

func TestClassify(t *testing.T) {
	const (
		key = 1 << iota
		header
		metadata
		config
		media
	)
	for name, c := range map[string]struct {
		typ   flv.Type
		body  string
		is    int
		codec flv.Codec
	}{
		"H.264 header":            {flv.Video, "17 00 000000 01", header | config, flv.H264},
		"H.264 keyframe":          {flv.Video, "17 01 000000 01", key | media, flv.H264},
		"H.264 frame":             {flv.Video, "27 01 000000 01", media, flv.H264},
		"H.264 end":               {flv.Video, "17 02 000000", media, flv.H264},
		"H.264 cut off":           {flv.Video, "17 00", media, flv.H264},
		"legacy HEVC header":      {flv.Video, "1c 00 000000 01", header | config, flv.HEVC},
		"legacy HEVC keyframe":    {flv.Video, "1c 01 000000 01", key | media, flv.HEVC},
		"H.263 keyframe":          {flv.Video, "12 00 00 84", key | media, flv.H263},
		"H.263 frame":             {flv.Video, "22 00 00 84", media, flv.H263},
		"VP6 keyframe":            {flv.Video, "14 00", key | media, flv.VP6},
		"seek command":            {flv.Video, "57 00 000000", media, flv.H264},
		"empty":                   {flv.Video, "", media, ""},
		"enhanced HEVC header":    {flv.Video, "90 68766331 01", header | config, flv.HEVC},
		"enhanced HEVC keyframe":  {flv.Video, "91 68766331 000000 01", key | media, flv.HEVC},
		"enhanced HEVC frame X":   {flv.Video, "a3 68766331 01", media, flv.HEVC},
		"enhanced HEVC key X":     {flv.Video, "93 68766331 01", key | media, flv.HEVC},
		"enhanced HEVC end":       {flv.Video, "92 68766331", media, flv.HEVC},
		"enhanced HDR metadata":   {flv.Video, "94 68766331 02 0000", config, flv.HEVC},
		"enhanced AV1 TS header":  {flv.Video, "95 61763031 00", header | config, flv.AV1},
		"enhanced VP9 keyframe":   {flv.Video, "91 76703039 01", key | media, flv.VP9},
		"enhanced AVC keyframe":   {flv.Video, "91 61766331 000000 01", key | media, flv.H264},
		"enhanced ModEx":          {flv.Video, "97 02 000001 01 68766331 000000 01", key | media, flv.HEVC},
		"enhanced ModEx header":   {flv.Video, "97 00 00 00 68766331 01", header | config, flv.HEVC},
		"enhanced ModEx cut off":  {flv.Video, "97 ff 00", media, ""},
		"enhanced command":        {flv.Video, "d1 01", media, ""},
		"multitrack header":       {flv.Video, "96 00 68766331 01 01", header | config, flv.HEVC},
		"multitrack keyframe":     {flv.Video, "96 11 61763031 00 000001 01", key | media, flv.AV1},
		"multitrack, many codecs": {flv.Video, "96 20 76703039 00 000001 01", header | config, flv.VP9},
		"multitrack cut off":      {flv.Video, "96", media, ""},
		"AAC header":              {flv.Audio, "af 00 1210", header | config, flv.AAC},
		"AAC":                     {flv.Audio, "af 01 21", media, flv.AAC},
		"MP3":                     {flv.Audio, "2f ff fb", media, flv.MP3},
		"Speex":                   {flv.Audio, "b2 00", media, flv.Speex},
		"enhanced Opus header":    {flv.Audio, "90 4f707573 01", header | config, flv.Opus},
		"enhanced Opus":           {flv.Audio, "91 4f707573 01", media, flv.Opus},
		"enhanced channels":       {flv.Audio, "94 4f707573 00", config, flv.Opus},
		"enhanced audio tracks":   {flv.Audio, "95 00 4f707573 02 01", header | config, flv.Opus},
		"onMetaData":              {flv.Script, "02000a6f6e4d65746144617461 08", metadata | config, ""},
		"other script data":       {flv.Script, "02000a6f6e54657874446174 6108", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tag := flv.Tag{Type: c.typ, Body: body(c.body)}
			require.Equal(t, c.is&key != 0, tag.IsKeyframe(), "IsKeyframe")
			require.Equal(t, c.is&header != 0, tag.IsSequenceHeader(), "IsSequenceHeader")
			require.Equal(t, c.is&header != 0 && c.typ == flv.Video, tag.IsVideoSequenceHeader())
			require.Equal(t, c.is&header != 0 && c.typ == flv.Audio, tag.IsAudioSequenceHeader())
			require.Equal(t, c.is&metadata != 0, tag.IsMetadata(), "IsMetadata")
			require.Equal(t, c.is&media != 0, tag.IsMedia(), "IsMedia")
			_, isConfig := tag.Config()
			require.Equal(t, c.is&config != 0, isConfig, "Config")
			require.Equal(t, c.codec, tag.Codec())
		})
	}
}

func TestConfigKeys(t *testing.T) {
	key := func(typ flv.Type, s string) flv.ConfigKey {
		tag := flv.Tag{Type: typ, Body: body(s)}
		k, ok := tag.Config()
		require.True(t, ok)
		return k
	}
	avc := key(flv.Video, "17 00 000000 01")
	require.Equal(t, avc, key(flv.Video, "90 68766331 01"), "another codec replaces it")
	require.NotEqual(t, avc, key(flv.Audio, "af 00 1210"))
	require.NotEqual(t, avc, key(flv.Video, "94 68766331 02"))
	require.NotEqual(t, avc, key(flv.Video, "96 00 68766331 01 01"), "another track does not")
}

func FuzzReader(f *testing.F) {
	tag := flv.Tag{Type: flv.Video, Body: body("17 01 000000 01")}
	f.Add(flv.AppendTag(flv.AppendHeader(nil, true, true), &tag))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := flv.NewReader(bytes.NewReader(b), flv.Limits{MaxTag: 1 << 20})
		for {
			tag, err := r.ReadTag()
			if err != nil {
				return
			}
			again, _, err := flv.ParseTag(flv.AppendTag(nil, &tag), flv.Limits{})
			require.NoError(t, err)
			require.Equal(t, tag.Type, again.Type)
			require.Equal(t, tag.Timestamp, again.Timestamp)
			require.True(t, bytes.Equal(tag.Body, again.Body))
		}
	})
}

func FuzzClassify(f *testing.F) {
	f.Add(byte(9), body("97 02 000001 01 68766331 000000 01"))
	f.Add(byte(8), body("95 00 4f707573 02 01"))
	f.Add(byte(18), body("02000a6f6e4d65746144617461 08 00000001 0001 61 03 000009 000009"))
	f.Fuzz(func(t *testing.T, typ byte, b []byte) {
		tag := flv.Tag{Type: flv.Type(typ), Body: b}
		_, config := tag.Config()
		require.False(t, tag.IsMedia() && config)
		require.False(t, tag.IsKeyframe() && tag.IsSequenceHeader())
		flv.StreamKinds(b)
		index := flv.ParseFileIndex(b)
		require.Len(t, index.Positions, len(index.Times))
		for _, x := range [][2]*flv.Tag{{&tag, nil}, {nil, &tag}, {nil, nil}} {
			m := flv.Tag{Type: flv.Script, Body: flv.CompleteMetadata(b, x[0], x[1])}
			require.True(t, m.IsMetadata())
			require.Equal(t, m.Body, flv.CompleteMetadata(m.Body, x[0], x[1]), "complete stays as it is")
		}
	})
}
