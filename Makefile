.PHONY: run test bench bundle installer train setup

run:
	@python3 bootstrap.py run $(ARGS)

test:
	@python3 bootstrap.py test $(ARGS)

bench:
	@python3 bootstrap.py bench $(ARGS)

bundle:
	@python3 bootstrap.py bundle $(ARGS)

installer:
	@python3 bootstrap.py installer $(ARGS)

train:
	@python3 bootstrap.py train $(ARGS)

setup:
	@python3 bootstrap.py setup
