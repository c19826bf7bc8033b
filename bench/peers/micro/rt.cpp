// needs: rt
/// \file
/// Ours.
#include "rt_measures.hpp"

int main(int argc, char** argv) { rt_measures::main(argc, argv); }
