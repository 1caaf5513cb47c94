.PHONY: run test bench setup

run:
	@python3 bootstrap.py run $(ARGS)

test:
	@python3 bootstrap.py test $(ARGS)

bench:
	@python3 bootstrap.py bench $(ARGS)

setup:
	@python3 bootstrap.py setup
