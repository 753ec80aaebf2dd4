package main

import (
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// leftOut are the parts of hls.js that its own builds can leave out, and these do: they are half of it.
var leftOut = []string{
	"SUBTITLES", "EME_DRM", "CMCD", "CONTENT_STEERING", "VARIABLE_SUBSTITUTION", "M2TS_ADVANCED_CODECS", "MEDIA_CAPABILITIES",
	"INTERSTITIALS", "IFRAMES",
}

// emptied are its files that are of those parts only, as build-config.js of hls.js has them, and some more.
var emptied = []string{
	"controller/timeline-controller", "controller/subtitle-track-controller", "controller/subtitle-stream-controller",
	"controller/eme-controller", "controller/cmcd-controller", "controller/content-steering-controller",
	"controller/interstitials-controller", "controller/iframe-controller", "utils/cues", "demux/audio/ac3-demuxer",
	// What our own loader stands for, and what switches renditions where frames are dropped, which nobody asks for.
	"utils/xhr-loader", "utils/fetch-loader", "controller/fps-controller",
}

// trimHLS has hls.js built of its source, with separate audio and without leftOut.
func trimHLS(options *api.BuildOptions, dir string) {
	for _, part := range leftOut {
		options.Define["__USE_"+part+"__"] = "false"
	}
	options.Define["__USE_ALT_AUDIO__"] = "true"
	options.Define["__VERSION__"] = `"superp2p"`
	options.Define["__IN_WORKER__"] = "false"
	options.Define["__HLS_WORKER_BUNDLE__"] = "null"
	source := filepath.Join(dir, "src")
	options.TsconfigRaw = `{"compilerOptions": {"useDefineForClassFields": false}}`
	options.Plugins = append(options.Plugins, api.Plugin{Name: "hls.js", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: "^hls\\.js$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			path, err := filepath.Abs(filepath.Join(source, "exports-default.ts"))
			return api.OnResolveResult{Path: path}, err
		})
		b.OnResolve(api.OnResolveOptions{Filter: "^\\./|^\\.\\./"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			for _, name := range emptied {
				if strings.Contains(a.Importer, "hls.js") &&
					strings.HasSuffix(filepath.Join(a.ResolveDir, a.Path), filepath.FromSlash(name)) {
					path, err := filepath.Abs(filepath.Join(source, "empty.js"))
					return api.OnResolveResult{Path: path}, err
				}
			}
			return api.OnResolveResult{}, nil
		})
	}})
}
