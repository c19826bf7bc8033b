/// \file
/// How an execution is shown.
#include <support/explore/columns.hpp>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace explore {
namespace {

constexpr std::size_t width = 76, most_rows = 18;

std::string code_at(const std::source_location& where) {
    static std::map<std::string, std::vector<std::string>> files;
    auto [found, is_new] = files.try_emplace(where.file_name());
    if (is_new) {
        std::ifstream file(where.file_name());
        for (std::string line; std::getline(file, line);) {
            found->second.push_back(line.substr(std::min(line.find_first_not_of(' '), line.size())));
        }
    }
    return where.line() >= 1 && where.line() <= found->second.size() ? found->second[where.line() - 1] : "";
}

std::string name_of(const std::source_location& where) {
    std::string_view const path = where.file_name();
    return std::string(path.substr(path.rfind('/') + 1));
}

std::string number(std::uint64_t value) { return value < 10'000 ? fmt::format("{}", value) : "…"; }

/// What the operation did, beside its code.
std::string outcome(const Row& row) {
    using detail::Kind;
    if (row.waits) {
        return "WAITS";
    }
    switch (row.kind) {
        case Kind::load: return fmt::format("{}{}", row.is_old ? "OLD " : "", number(row.value));
        case Kind::update:
            return row.is_in_vain ? number(row.value)
                   : row.reads    ? fmt::format("{}>{}", number(row.before), number(row.value))
                                  : fmt::format(">{}", number(row.value));
        case Kind::unlock: return "unlocks";
        case Kind::lock: return "locks";
        case Kind::wait: return "sleeps";
        case Kind::wake: return row.is_in_vain ? "awake, unasked" : "awake";
        case Kind::notify: return row.value == 0 ? "nobody" : "";
        default: return "";
    }
}

/// Of that width, or as it is if that is 0.
std::string padded(std::string text, std::size_t columns) {
    if (columns == 0) {
        return text;
    }
    std::size_t shown = 0, at = 0;
    for (; at < text.size(); ++at) {
        shown += (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U ? 1 : 0;
        if (shown > columns) {
            break;
        }
    }
    text.resize(at);
    return text + std::string(columns - std::min(shown, columns), ' ');
}

}  // namespace

std::string columns(const std::vector<Row>& rows, int threads) {
    std::map<std::string, int> files;
    for (const Row& row : rows) {
        ++files[name_of(row.where)];
    }
    std::string file;
    for (const auto& [name, count] : files) {
        file = file.empty() || count > files[file] ? name : file;
    }
    std::size_t const column = width / static_cast<std::size_t>(std::max(threads, 1));
    std::string text = fmt::format("  | lines of {}\n  | ", file);
    for (int i = 0; i < threads; ++i) {
        text += padded(i == 0 ? "the test's thread" : fmt::format("thread {}", i), i + 1 < threads ? column : 0);
    }
    std::size_t const first = rows.size() > most_rows ? rows.size() - most_rows : 0;
    text += first == 0 ? "\n" : fmt::format("\n  | … {} operations before\n", first);
    for (std::size_t at = first; at < rows.size(); ++at) {
        const Row& row = rows[at];
        std::string const name = name_of(row.where);
        std::string const place = fmt::format("{}{} ", name == file ? "" : name + ":", row.where.line());
        std::string const did = outcome(row);
        std::string const line = padded(place + code_at(row.where), column - std::min(column, did.size() + 2));
        text += "  | " + std::string(column * static_cast<std::size_t>(row.thread), ' ') + line +
                (did.empty() ? "" : " " + did) + "\n";
    }
    return text;
}

}  // namespace explore
