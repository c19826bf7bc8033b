/// \file
/// How the trace file stays complete.
#include <observe/sys_observe.hpp>
#include <observe/trace_output.hpp>

#include <observe/trace_file.hpp>
#include <rt/sys.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace rt::trace {

void TraceOutput::append(std::string_view json) {
    constexpr std::string_view full =
        ",\n{\"ph\":\"i\",\"pid\":1,\"tid\":0,\"ts\":0,\"s\":\"g\",\"name\":\"the trace is full\"}\n]\n";
    if (is_over_) {
        return;
    }
    bool const is_full = end_ + static_cast<std::int64_t>(json.size()) > longest_trace;
    std::string text = is_full ? std::string(full) : fmt::format("{}\n]\n", json);
    if (auto const reach = end_ + static_cast<std::int64_t>(text.size()); reach < longest_end_) {
        text.append(static_cast<std::size_t>(longest_end_ - reach), ' ');  // hides the rest of what was taken back
    }
    is_over_ = is_full || !put_all(text);
    longest_end_ = end_ + static_cast<std::int64_t>(text.size());
    end_ += static_cast<std::int64_t>(json.size());
}

/// A disk that is nearly full takes a part of `text`, and reports the error at the next write. Then the closing bracket
/// takes the place of that part, so there is room for it.
bool TraceOutput::put_all(std::string_view text) {
    for (std::int64_t at = end_; !text.empty();) {
        ssize_t const written = sys::write_at(fd_, text, at);
        if (written == -EINTR) {
            continue;
        }
        if (written <= 0) {
            std::fprintf(stderr, "rt: the trace ends here, and the program goes on: %s\n",
                         written == 0 ? "no more can be written"
                                      : sys::error(static_cast<int>(written), "write").code().message().c_str());
            std::string bracket = "\n]\n";
            bracket.append(static_cast<std::size_t>(at - end_), ' ');
            sys::write_at(fd_, bracket, end_);
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
        at += written;
    }
    return true;
}

}  // namespace rt::trace
