# The checks of the course itself: tests/course/, one ctest each, label course.
