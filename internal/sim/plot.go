package sim

import (
	"fmt"
	"math"
	"strings"
)

// The size of one diagram and the room around it, in pixels.
const (
	plotWidth  = 560
	plotHeight = 220
	plotMargin = 56
)

// curve is one line of a diagram.
type curve struct {
	name, colour string
	x, y         []float64
}

// SVG draws offload and buffers over time and the distribution of delays.
func (r *Result) SVG() []byte {
	offload := curve{name: "from peers", colour: "#1b7837"}
	mean := curve{name: "mean", colour: "#2166ac"}
	low := curve{name: "tenth with least", colour: "#b2182b"}
	delays := curve{name: "viewers and seconds", colour: "#2166ac"}
	for i, s := range r.samples {
		at := s.at.Seconds()
		mean.add(at, s.buffered)
		low.add(at, s.bufferedLow)
		if i == 0 {
			continue
		}
		p, v := float64(s.peers-r.samples[i-1].peers), float64(s.server-r.samples[i-1].server)
		if p+v > 0 {
			offload.add(at, 100*p/(p+v))
		}
	}
	const steps = 200
	for i := range steps + 1 {
		if n := len(r.delays); n > 0 {
			delays.add(float64(r.delays[(n-1)*i/steps])/1000, 100*float64(i)/steps)
		}
	}
	var b strings.Builder
	full := 3*(plotHeight+2*plotMargin) - plotMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		plotWidth+2*plotMargin, full)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	step := plotHeight + 2*plotMargin - plotMargin/2
	diagram(&b, plotMargin, fmt.Sprintf("%s, seed %d: offload in %% over seconds", r.Scenario, r.Seed), 100, offload)
	diagram(&b, plotMargin+step, "share of viewers in % with at most that delay in s", 100, delays)
	diagram(&b, plotMargin+2*step, "buffer in s over seconds", 0, mean, low)
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

func (c *curve) add(x, y float64) { c.x, c.y = append(c.x, x), append(c.y, y) }

// diagram draws curves with their axes; top is the highest value, 0 for what the curves need.
func diagram(b *strings.Builder, above int, title string, top float64, curves ...curve) {
	left, right := math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for i := range c.x {
			left, right = min(left, c.x[i]), max(right, c.x[i])
			if top == 0 || c.y[i] > top {
				top = max(top, c.y[i])
			}
		}
	}
	if !(right > left) {
		left, right = 0, 1
	}
	if top <= 0 {
		top = 1
	}
	px := func(x float64) float64 { return plotMargin + (x-left)/(right-left)*plotWidth }
	py := func(y float64) float64 { return float64(above) + plotHeight - y/top*plotHeight }
	fmt.Fprintf(b, `<text x="%d" y="%d" font-weight="bold">%s</text>`+"\n", plotMargin, above-12, escape(title))
	for i := range 6 {
		x, y := left+(right-left)*float64(i)/5, top*float64(i)/5
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`, plotMargin, plotMargin+plotWidth, py(y), py(y))
		fmt.Fprintf(b, `<text x="%d" y="%.1f" text-anchor="end">%.3g</text>`, plotMargin-6, py(y)+4, y)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%.3g</text>`+"\n", px(x), above+plotHeight+18, x)
	}
	for i, c := range curves {
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="1.5" points="`, c.colour)
		for j := range c.x {
			fmt.Fprintf(b, "%.1f,%.1f ", px(c.x[j]), py(c.y[j]))
		}
		fmt.Fprintf(b, `"/><text x="%d" y="%d" text-anchor="end" fill="%s">%s</text>`+"\n", plotMargin+plotWidth, above-12+14*i, c.colour, c.name)
	}
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
