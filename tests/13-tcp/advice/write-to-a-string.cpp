// expect: write_all can't write to this object. Pass one with `Poll<std::size_t> poll_write(Context&, std::string_view)`
#include <rt/io.hpp>

#include <string>

void write_it(std::string& text) { rt::write_all(text, "tea"); }
