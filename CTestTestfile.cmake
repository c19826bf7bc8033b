# `ctest` in this folder runs the tests of your lessons, as ./learn has built them. `./learn test` builds them too, and explains
# what failed.
subdirs(build/learn)
