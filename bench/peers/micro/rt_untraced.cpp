// needs: rt asio? benchmark?
/// \file
/// Ours with the trace's calls compiled out: what they cost while nobody listens is the difference to rt.cpp.
#define RT_TRACE 0
#include "rt_measures.hpp"

int main(int argc, char** argv) { rt_measures::main(argc, argv); }
