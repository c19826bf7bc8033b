// One line of JSON, written in the order of the calls.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace load {

/// An object that is being written: `Json().put("a", 1.5).put("b", Json()).text()`. Keys and values hold no quotes.
class Json {
  public:
    Json& put(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
    Json& put(std::string_view key, double value) { return raw(key, digits(value)); }
    Json& put(std::string_view key, const Json& value) { return raw(key, value.text()); }

    /// A value that is JSON already.
    Json& raw(std::string_view key, std::string_view value) {
        body_ += body_.empty() ? "" : ",";
        body_.append("\"").append(key).append("\":").append(value);
        return *this;
    }

    /// A number without zeros that say nothing; sentences have them so too.
    static std::string digits(double value) {
        char text[40];
        std::snprintf(text, sizeof text, "%.6g", value);
        return text;
    }

    std::string text() const { return "{" + body_ + "}"; }

  private:
    std::string body_;
};

}  // namespace load
