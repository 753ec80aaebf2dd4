package sim

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/superp2p/superp2p/internal/fault"
)

// The size of a plot: its width, and the height of each of its panels.
const (
	plotWidth   = 17 * vg.Centimeter
	panelHeight = 6.5 * vg.Centimeter
	plotDPI     = 144 // of a PNG
)

// PlotFormat is a kind of picture that Plot writes.
type PlotFormat string

// What Plot writes.
const (
	SVG PlotFormat = "svg"
	PNG PlotFormat = "png"
)

// PlotFormatOf returns the format that the end of a file's name asks for. Its error is of code config_invalid.
func PlotFormatOf(path string) (PlotFormat, error) {
	switch format := PlotFormat(strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))); format {
	case SVG, PNG:
		return format, nil
	}
	return "", fault.New(fault.ConfigInvalid, path+" is no picture that can be drawn; end its name with .svg or .png")
}

// Plot draws offload over time, the distribution of the delay behind the live edge (of a live stream), and the buffers
// over time. The same result gives the same bytes.
func (r *Result) Plot(w io.Writer, format PlotFormat) error {
	panels, err := r.panels()
	if err != nil {
		return err
	}
	height := vg.Length(len(panels)) * panelHeight
	var canvas vg.CanvasWriterTo
	switch format {
	case SVG:
		canvas = vgsvg.New(plotWidth, height)
	case PNG:
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(plotWidth, height), vgimg.UseDPI(plotDPI))}
	default:
		return fault.New(fault.ConfigInvalid, fmt.Sprintf("%q is no format of a plot; use svg or png", format))
	}
	rows := make([][]*plot.Plot, len(panels))
	for i, p := range panels {
		rows[i] = []*plot.Plot{p}
	}
	const margin = 0.3 * vg.Centimeter
	tiles := draw.Tiles{
		Rows: len(rows), Cols: 1, PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: margin, PadY: 2 * margin,
	}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		panels[i].Draw(row[0])
	}
	if format == PNG {
		_, err := canvas.WriteTo(w)
		return err
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// The picture does not bring its font: where Liberation Sans is missing, Arial has the same widths.
	const family = "font-family:Liberation Sans"
	_, err = w.Write(bytes.ReplaceAll(b.Bytes(), []byte(family), []byte(family+",Arial,sans-serif")))
	return err
}

// panels returns what stands one below the other.
func (r *Result) panels() ([]*plot.Plot, error) {
	var offload, mean, low plotter.XYs
	var peers, server float64
	for _, s := range r.samples {
		at := s.at.Seconds()
		mean = append(mean, plotter.XY{X: at, Y: s.buffered})
		low = append(low, plotter.XY{X: at, Y: s.bufferedLow})
		p, v := float64(s.peers)-peers, float64(s.server)-server
		if peers, server = float64(s.peers), float64(s.server); p+v > 0 {
			offload = append(offload, plotter.XY{X: at, Y: 100 * p / (p + v)})
		}
	}
	name := fmt.Sprintf("%s, seed %d, %s viewers: ", r.Scenario, r.Seed, thousands(r.Viewers))
	top := panel(name+"share of bytes from peers", "simulated time, s", "offload, %")
	top.X.Min, top.X.Max, top.Y.Min, top.Y.Max = 0, r.Seconds, 0, 100
	if err := curve(top, "", green, offload); err != nil {
		return nil, err
	}
	panels := []*plot.Plot{top}

	if n := len(r.delays); n > 0 {
		const steps = 500
		var share plotter.XYs
		for i := range steps + 1 {
			at := float64(r.delays[(n-1)*i/steps]) / 1000
			share = append(share, plotter.XY{X: at, Y: 100 * float64(i) / steps})
		}
		p := panel("delay behind live", "at most, s", "viewers, %")
		p.Y.Min, p.Y.Max = 0, 100
		if err := curve(p, "", blue, share); err != nil {
			return nil, err
		}
		panels = append(panels, p)
	}

	bottom := panel("what viewers hold in advance", "simulated time, s", "buffer, s")
	bottom.X.Min, bottom.X.Max, bottom.Y.Min = 0, r.Seconds, 0
	if err := curve(bottom, "mean", blue, mean); err != nil {
		return nil, err
	}
	if err := curve(bottom, "a tenth has less", orange, low); err != nil {
		return nil, err
	}
	return append(panels, bottom), nil
}

// Colours that differ for the colour-blind too (Okabe and Ito).
var (
	green  = color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff}
	blue   = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	orange = color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff}
	grey   = color.RGBA{R: 0xdd, G: 0xdd, B: 0xdd, A: 0xff}
)

// ticks marks an axis at about six round numbers.
type ticks struct{}

// Ticks implements plot.Ticker.
func (ticks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, times := range []float64{5, 2} {
		if (high-low)/(step*times) >= 4 {
			step *= times
			break
		}
	}
	digits := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var marks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		marks = append(marks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step+0, 'f', digits, 64)})
	}
	return marks
}

// panel returns an empty diagram with its axes named.
func panel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	for _, s := range []*text.Style{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		s.Font.Variant = "Sans"
		s.Font.Size = 9
	}
	p.Title.TextStyle.Font.Size = 10
	p.Title.Padding = 6
	p.X.Padding, p.Y.Padding = 0, 0
	p.Legend.Top, p.Legend.YOffs = true, 24 // above the diagram
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = grey, grey
	p.Add(grid)
	return p
}

// curve adds a line to a diagram, and its name, unless empty, to the legend.
func curve(p *plot.Plot, name string, c color.Color, points plotter.XYs) error {
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color = c
	line.Width = 1.2
	p.Add(line)
	if name != "" {
		p.Legend.Add(name, line)
	}
	return nil
}
