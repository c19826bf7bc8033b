/// \file
/// `Flavor`: which runtime a program is to run on, as chosen on its command line.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/core.h>

namespace rt {

class Flavor {
  public:
    enum class Kind : unsigned char { current_thread, multi_thread, asio };

    /// One thread, the caller's.
    static constexpr Flavor current_thread() noexcept { return Flavor(Kind::current_thread, 1); }
    /// `workers` threads; 0: as many as the machine runs at once.
    static constexpr Flavor multi_thread(unsigned workers = 0) noexcept { return Flavor(Kind::multi_thread, workers); }
    /// One thread, the caller's, in Asio's event loop. Needs a build with Asio; see `has_asio`.
    static constexpr Flavor asio() noexcept { return Flavor(Kind::asio, 1); }

    /// What the text names: `current_thread`, `multi_thread`, `multi_thread:N` with N from 1 to 1024, or `asio`; nothing if
    /// it names none of these. Called by programs with an option `--runtime=`.
    static std::optional<Flavor> parse(std::string_view text) noexcept {
        if (text == "current_thread") {
            return current_thread();
        }
        if (text == "multi_thread") {
            return multi_thread();
        }
        if (text == "asio") {
            return asio();
        }
        constexpr std::string_view prefix = "multi_thread:";
        if (text.starts_with(prefix)) {
            text.remove_prefix(prefix.size());
            unsigned workers = 0;
            auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), workers);
            if (error == std::errc() && end == text.data() + text.size() && workers >= 1 && workers <= 1024) {
                return multi_thread(workers);
            }
        }
        return std::nullopt;
    }

    constexpr Kind kind() const noexcept { return kind_; }
    /// For `multi_thread`; 0: as many as the machine runs at once.
    constexpr unsigned workers() const noexcept { return workers_; }

    /// As `parse` reads it.
    std::string to_string() const {
        switch (kind_) {
            case Kind::current_thread: return "current_thread";
            case Kind::multi_thread: return workers_ == 0 ? "multi_thread" : fmt::format("multi_thread:{}", workers_);
            case Kind::asio: break;
        }
        return "asio";
    }

    friend constexpr bool operator==(Flavor, Flavor) noexcept = default;

  private:
    constexpr Flavor(Kind kind, unsigned workers) noexcept : kind_(kind), workers_(workers) {}

    Kind kind_;
    unsigned workers_;
};

}  // namespace rt
