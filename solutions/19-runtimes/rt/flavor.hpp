/// \file
/// Given: `Flavor`, the name of a runtime, as a program's user chooses it on the command line.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace rt {

class Flavor {
  public:
    enum class Kind : unsigned char { current_thread, multi_thread, asio };

    /// The calling thread runs all tasks.
    static constexpr Flavor current_thread() noexcept { return Flavor(Kind::current_thread, 1); }
    /// `workers` threads run the tasks. 0 means as many as the machine can run at once.
    static constexpr Flavor multi_thread(unsigned workers = 0) noexcept { return Flavor(Kind::multi_thread, workers); }
    /// The calling thread runs all tasks inside Asio's event loop. It needs a build with Asio, see `has_asio`.
    static constexpr Flavor asio() noexcept { return Flavor(Kind::asio, 1); }

    /// Reads `current_thread`, `multi_thread`, `multi_thread:N` with N from 1 to 1024, or `asio`. Any other text
    /// gives `std::nullopt`.
    static std::optional<Flavor> parse(std::string_view text) noexcept {
        constexpr std::string_view with_workers = "multi_thread:";
        if (text.starts_with(with_workers)) {
            const char* end = text.data() + text.size();
            unsigned workers = 0;
            auto [rest, error] = std::from_chars(text.data() + with_workers.size(), end, workers);
            bool is_number = error == std::errc() && rest == end;
            return is_number && workers >= 1 && workers <= 1024 ? std::optional(multi_thread(workers)) : std::nullopt;
        }
        for (Flavor flavor : {current_thread(), multi_thread(), asio()}) {
            if (text == flavor.name()) {
                return flavor;
            }
        }
        return std::nullopt;
    }

    constexpr Kind kind() const noexcept { return kind_; }
    constexpr unsigned workers() const noexcept { return workers_; }

    /// The text that `parse` reads.
    std::string to_string() const {
        bool has_number = kind_ == Kind::multi_thread && workers_ != 0;
        return has_number ? fmt::format("{}:{}", name(), workers_) : name();
    }

    friend constexpr bool operator==(Flavor, Flavor) noexcept = default;

  private:
    constexpr Flavor(Kind kind, unsigned workers) noexcept : kind_(kind), workers_(workers) {}

    const char* name() const noexcept {
        constexpr const char* names[] = {"current_thread", "multi_thread", "asio"};
        return names[static_cast<int>(kind_)];
    }

    Kind kind_;
    unsigned workers_;
};

}  // namespace rt
