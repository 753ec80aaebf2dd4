package seekmap

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// Kind is what a file is.
type Kind uint8

// The kinds that are told apart.
const (
	Unknown    Kind = iota
	MP4             // with sample tables
	Fragmented      // MP4 with fragments
	FLV
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"unknown", "mp4", "fragmented mp4", "flv"}[min(k, FLV)]
}

// Point is a place at which a player can start.
type Point struct {
	Time   time.Duration // when its picture is shown, from the beginning of the file
	Offset int64         // where the first byte is that is needed from then on, of video or audio
}

// Range is a part of a file, in bytes.
type Range struct{ Offset, Size int64 }

// Map is what is known of a file's times and places.
type Map struct {
	Kind Kind
	// Exact tells that Points come from the file's own index. If not, places between them are in proportion, and a player has to look
	// for the next keyframe from there.
	Exact bool
	// Doubt says why the map is not Exact; nil if it is. It is a *fault.Error with SourceInvalid.
	Doubt error
	// Cut tells that the file ends before media that its index lists. What is listed beyond is left out.
	Cut bool
	// Duration is how long the file plays, 0 if that is not known.
	Duration time.Duration
	// Points are in ascending order of time, and their offsets never descend. There is at least one.
	Points []Point
	// End is where the media end, in bytes: the size, or less if an index stands there.
	End int64
	// Head is what any player reads first: of MP4 ftyp and moov, of FLV all up to the last sequence header. It may be empty.
	Head []Range
	// Video and Audio are the codecs' FourCCs, such as avc1 and mp4a; "" if there is none or it is not known.
	Video, Audio string
}

// OffsetAt returns where to read from to play from t on. Of an exact map that is the place of the last point not after t.
func (m *Map) OffsetAt(t time.Duration) int64 {
	i := max(sort.Search(len(m.Points), func(i int) bool { return m.Points[i].Time > t })-1, 0)
	a := m.Points[i]
	if m.Exact || t <= a.Time {
		return a.Offset
	}
	b := m.after(i)
	if t >= b.Time {
		return b.Offset
	}
	return a.Offset + int64(float64(b.Offset-a.Offset)*(float64(t-a.Time)/float64(b.Time-a.Time)))
}

// TimeAt returns about which time's media stand at off: that of the point there, or in proportion between points.
func (m *Map) TimeAt(off int64) time.Duration {
	i := max(sort.Search(len(m.Points), func(i int) bool { return m.Points[i].Offset > off })-1, 0)
	a := m.Points[i]
	if off <= a.Offset {
		return a.Time
	}
	b := m.after(i)
	if off >= b.Offset {
		return max(b.Time, a.Time)
	}
	return a.Time + time.Duration(float64(max(b.Time-a.Time, 0))*(float64(off-a.Offset)/float64(b.Offset-a.Offset)))
}

// after returns the point after the one of that index, or the end.
func (m *Map) after(i int) Point {
	if i+1 < len(m.Points) {
		return m.Points[i+1]
	}
	return Point{m.Duration, max(m.End, m.Points[i].Offset)}
}

// Proportional returns the map of a file of which nothing is known but its size and, if not 0, its duration.
func Proportional(size int64, duration time.Duration) *Map {
	return &Map{Duration: max(duration, 0), Points: []Point{{}}, End: max(size, 0)}
}

// settle takes the points that are within the file, in order, and returns whether there are any.
func (m *Map) settle(points []Point, size int64) bool {
	points = slices.DeleteFunc(points, func(p Point) bool { return p.Offset < 0 || p.Time < 0 })
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.Time, b.Time) })
	points = slices.CompactFunc(points, func(a, b Point) bool { return a.Time == b.Time })
	for i := len(points) - 2; i >= 0; i-- { // what is needed later is needed from an earlier point on as well
		points[i].Offset = min(points[i].Offset, points[i+1].Offset)
	}
	n := sort.Search(len(points), func(i int) bool { return points[i].Offset >= size })
	if n == 0 {
		return false
	}
	if n < len(points) {
		a, b := points[n-1], points[n]
		m.Cut = true
		m.Duration = a.Time + time.Duration(float64(b.Time-a.Time)*(float64(size-a.Offset)/float64(b.Offset-a.Offset)))
	}
	m.Points, m.Exact = points[:n:n], true
	return true
}
