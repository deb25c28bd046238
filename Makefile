# Two commands for a fresh machine with git, make, Go, Node 20 and npm:
#   make demo    a real API server tells the truth about three items of a review
#   make test    everything that is tested without further programs
# make e2e adds the suites that ask further real programs.
# Each does all its own set-up.

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json

.PHONY: demo demo-down test e2e bench generate clean

demo: $(INSTALLED)
	@KEEP=$(KEEP) npm run --silent demo

demo-down: $(INSTALLED)
	@npm run --silent demo:down

test: $(INSTALLED)
	@npm run --silent test

e2e: $(INSTALLED)
	@npm run --silent e2e

bench: $(INSTALLED)
	@npm run --silent bench

generate: $(INSTALLED)
	@npm run --silent generate

# npm ci leaves this file as its last act; it is newer than the lock file when nothing is to be done.
$(INSTALLED): package-lock.json
	npm ci --no-audit --no-fund
	@touch $(INSTALLED)

clean:
	rm -rf node_modules dist reports coverage
