package main

import (
	"errors"

	"github.com/superp2p/superp2p/internal/flv"
)

// tagWriter makes a container of FLV tags.
type tagWriter interface {
	WriteTag(tag flv.Tag) error
	Close() error
}

// remuxSink is a file that is written in another container than FLV.
type remuxSink struct {
	file   *fileSink
	tags   tagWriter
	header bool // the FLV header has been skipped
	rest   []byte
}

func newRemuxSink(file *fileSink, tags tagWriter) *remuxSink {
	return &remuxSink{file: file, tags: tags}
}

// Write takes FLV as it comes, in pieces of any size.
func (s *remuxSink) Write(b []byte) (int, error) {
	s.rest = append(s.rest, b...)
	if !s.header {
		if len(s.rest) < flv.HeaderSize {
			return len(b), nil
		}
		s.header, s.rest = true, s.rest[flv.HeaderSize:]
	}
	for {
		tag, size, err := flv.ParseTag(s.rest, flv.Limits{})
		if errors.Is(err, flv.ErrShort) {
			// What is left is copied, since the bodies of the tags before it may be kept.
			s.rest = append([]byte(nil), s.rest...)
			return len(b), nil
		}
		if err != nil {
			return 0, err
		}
		s.rest = s.rest[size:]
		if err := s.tags.WriteTag(tag); err != nil {
			return 0, err
		}
	}
}

func (s *remuxSink) written() int64 { return s.file.written() }

// Close completes the file and closes it. The rest of a tag that was cut off is left out.
func (s *remuxSink) Close() error {
	err := s.tags.Close()
	if closeErr := s.file.Close(); err == nil {
		err = closeErr
	}
	return err
}
