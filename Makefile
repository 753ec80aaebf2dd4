# superp2p: every task that a developer or CI needs. `make` alone lists them.

GO ?= go
FUZZ_SECONDS ?= 5
BIN := bin/superp2p
CHECKERS := bin/checkers
TSC := test/npm/node_modules/typescript/bin/tsc
# What docs/swarm.md has in its table.
SCENARIOS := live-1000 live-10000 low-delay-1000 scarce-1000 flash-crowd exodus half-mute polluters liars tracker-down \
	vod-500

# The environment's own flags stay, except how the version control state is stamped: git may be missing or refuse (a
# clone that another user owns), and then the go command fails instead of leaving the stamp out.
export GOFLAGS := $(filter-out -buildvcs=%,$(shell $(GO) env GOFLAGS)) -buildvcs=false
STAMP := $(if $(shell git rev-parse HEAD 2>/dev/null),-buildvcs=true)
export GO

.DEFAULT_GOAL := help
.PHONY: help run build test test-short go-test go-test-short bench bench-tracker bench-hls bench-web bench-web-soak \
	matrix sim lint fmt fuzz wasm wasm-small sdk npm swf api generate cross tools clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build superp2p and start the demo: a live stream, a server and 8 viewers
	$(BIN) demo

build: sdk ## build bin/superp2p
	CGO_ENABLED=0 $(GO) build -trimpath $(STAMP) -o $(BIN) ./cmd/superp2p

test: ## run everything that must pass: lint, wasm, other platforms, fuzz, all tests with the race detector
	@$(MAKE) --no-print-directory tools
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory wasm
	@$(MAKE) --no-print-directory cross
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory go-test

go-test: build
	@echo "==> go test -race: twenty to thirty minutes on two cores"
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 60m ./...
	cd tools && $(GO) test -count=1 ./...

test-short: build ## run the tests that need neither a browser nor ffmpeg nor Node.js
	@echo "==> go test -short"
	$(GO) test -short -count=1 -timeout 10m ./...

bench: build ## print the table of figures: 6 s, 2 s, 5-minute sessions, and the tracker side by side (ten minutes)
	@echo "==> 20 viewers, 6 s behind live"
	$(BIN) bench --viewers 20 --delay 6s
	@echo "==> 20 viewers, 2 s behind live"
	$(BIN) bench --viewers 20 --delay 2s
	@echo "==> 20 viewers, 6 s behind live, sessions of 5 minutes"
	$(BIN) bench --viewers 20 --delay 6s --duration 5m
	@$(MAKE) --no-print-directory bench-tracker

bench-tracker: tools ## measure the tracker side by side with the npm bittorrent-tracker
	@echo "==> tracker, side by side with bittorrent-tracker"
	$(GO) run ./internal/tracker/trackerbench

matrix: tools ## play every kind of source with three viewers, print what came from peers
	$(GO) test -count=1 -run TestMatrix -v ./internal/matrix

bench-hls: build tools ## measure live HLS side by side with p2p-media-loader in Chromium (twelve minutes)
	@echo "==> live HLS, side by side with p2p-media-loader"
	$(GO) run ./internal/bench/hlsbench -superp2p $(BIN)

bench-web: sdk tools ## measure the first frame of the page SDK in Chromium, cold and over 10 Mbit/s, beside mpegts.js (two minutes)
	$(GO) run ./internal/bench/webbench first-frame

bench-web-soak: sdk tools ## play an hour in Chromium by P2PNetStream and by mpegts.js: memory, connections, processor time (65 minutes)
	$(GO) run ./internal/bench/webbench soak

sim: build ## run every scenario of the issue's table with 3 seeds, print it, write docs/swarm.md's (two hours)
	$(BIN) sim $(SCENARIOS) --seeds 3 --parallel 2 --check --markdown docs/swarm.md

api: ## write api/superp2p.txt, after a change of the public API on purpose
	UPDATE=1 $(GO) test -count=1 -run TestThePublicAPIChangesOnPurpose .

generate: api ## write what is made from code: the API, the schema of PlayConfig, the table of docs/netstream.md
	UPDATE=1 $(GO) test -count=1 -run TestSchemaOfPlayConfigIsWritten .
	UPDATE=1 $(GO) test -count=1 -run TestThePageHasTheTable ./internal/members

lint: $(CHECKERS)/.built ## check format, vet, staticcheck, the layers (.depguard.yml), and the types of the page SDK
	@echo "==> lint: gofmt"
	@unformatted=$$(find . -name '*.go' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l); \
		if [ -n "$$unformatted" ]; then echo "$$unformatted"; echo "lint: not formatted; call make fmt" >&2; exit 1; fi
	@echo "==> lint: vet"
	$(GO) vet ./...
	@echo "==> lint: staticcheck"
	$(CHECKERS)/staticcheck ./...
	@echo "==> lint: layers"
	$(CHECKERS)/depguard ./...
	@echo "==> lint: types"
	@[ -e $(TSC) ] || $(MAKE) --no-print-directory tools
	node $(TSC) -p sdk/web/tsconfig.json
	node $(TSC) -p sdk/web/src/worker

fmt: ## format the Go files
	gofmt -w $$(find . -name '*.go' -not -path '*/node_modules/*')

fuzz: ## run each Fuzz test for FUZZ_SECONDS (5)
	@echo "==> fuzz: $(FUZZ_SECONDS) s each"
	@scripts/fuzz.sh $(FUZZ_SECONDS)

wasm: $(CHECKERS)/.built sdk ## build the engine for js/wasm, check what it imports, print its size
	@echo "==> wasm"
	$(CHECKERS)/wasmcheck ./sdk/web/core

sdk: sdk/dist/.built ## build the page SDK into sdk/dist, which the server embeds

# What goes into it. Packages of others change with go.mod only.
SDK_SOURCES := $(wildcard sdk/web/core/*.go sdk/web/src/*.ts sdk/web/src/*/*.ts sdk/web/package-lock.json internal/page/*.go internal/swarm/*.go internal/wire/*.go \
	internal/slice/*.go internal/signing/*.go internal/fault/*.go sdk/web/flash/*.go \
	$(foreach p,edgeapi film flv hls remux seekmap viewing,internal/$(p)/*.go)) go.mod
sdk/dist/.built: $(CHECKERS)/.built $(SDK_SOURCES)
	@echo "==> sdk"
	@scripts/tools.sh sdk
	$(CHECKERS)/sdkbuild sdk
	@touch $@

swf: $(CHECKERS)/.built ## build sdk/flash/superp2p.swf of its Haxe sources; it is committed
	@echo "==> swf"
	@scripts/tools.sh swf
	$(CHECKERS)/swfbuild sdk/flash

wasm-small: $(CHECKERS)/.built ## build the page SDK with the engine by TinyGo, for who has it; nothing else needs it
	@command -v tinygo >/dev/null || { echo "make wasm-small: there is no tinygo here; install 0.34 or newer (tinygo.org), or leave it: make sdk builds the same with Go" >&2; exit 1; }
	$(CHECKERS)/sdkbuild -small sdk

npm: build ## pack the page SDK as an npm package: bin/superp2p-VERSION.tgz
	@echo "==> npm"
	@scripts/npm.sh "$$($(BIN) version | awk 'NR == 1 { print $$2 }')" bin

cross: ## build and vet for Linux, macOS and Windows without cgo
	@for os in linux darwin windows; do \
		echo "==> build and vet for $$os"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=amd64 $(GO) build -o /dev/null ./cmd/superp2p && \
		CGO_ENABLED=0 GOOS=$$os GOARCH=amd64 $(GO) vet ./... || exit 1; \
	done

tools: ## install what the tests need and this machine lacks: gcc, ffmpeg, Chromium, Node.js, Haxe, npm packages
	@scripts/tools.sh

# The checkers have their own module, so that what they import never reaches who imports superp2p.
$(CHECKERS)/.built: tools/go.mod $(wildcard tools/*/*.go)
	@echo "==> building the checkers"
	@mkdir -p $(CHECKERS)
	cd tools && CGO_ENABLED=0 $(GO) build -o ../$(CHECKERS)/ tool ./wasmcheck ./sdkbuild ./swfbuild
	@touch $@

clean: ## remove what make built
	rm -rf bin test/npm/node_modules test/flash/node_modules sdk/web/node_modules sdk/dist/.built sdk/dist/*.js* sdk/dist/*.mjs* sdk/dist/*.wasm*
