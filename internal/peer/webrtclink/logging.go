package webrtclink

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers sends pion's warnings and errors to a slog.Logger at debug level, because a peer that goes away is no error
// to a viewer, and drops everything else: pion formats a line for every packet otherwise.
type loggers struct{ log *slog.Logger }

func (f loggers) NewLogger(scope string) logging.LeveledLogger {
	if f.log == nil || !f.log.Enabled(context.Background(), slog.LevelDebug) {
		return logger{}
	}
	return logger{f.log.With("pion", scope)}
}

type logger struct{ log *slog.Logger }

func (l logger) Trace(string)          {}
func (l logger) Tracef(string, ...any) {}
func (l logger) Debug(string)          {}
func (l logger) Debugf(string, ...any) {}
func (l logger) Info(string)           {}
func (l logger) Infof(string, ...any)  {}

func (l logger) Warn(msg string) {
	if l.log != nil {
		l.log.Debug(msg)
	}
}

func (l logger) Warnf(format string, args ...any) {
	if l.log != nil {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}
func (l logger) Error(msg string)                  { l.Warn(msg) }
func (l logger) Errorf(format string, args ...any) { l.Warnf(format, args...) }
