// One line of JSON, written in the order of the calls.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace load {

/// An object that is being written: `Json().put("a", 1).put("b", "c").text()`.
class Json {
  public:
    Json& put(std::string_view key, std::string_view value) { return raw(key, quoted(value)); }
    Json& put(std::string_view key, const char* value) { return put(key, std::string_view(value)); }
    Json& put(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
    Json& put(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
    Json& put(std::string_view key, int value) { return raw(key, std::to_string(value)); }
    Json& put(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    Json& put(std::string_view key, const Json& value) { return raw(key, value.text()); }

    Json& put(std::string_view key, double value) { return raw(key, digits(value)); }

    /// A value that is JSON already.
    Json& raw(std::string_view key, std::string_view value) {
        body_ += body_.empty() ? "" : ",";
        body_ += quoted(key) + ":";
        body_ += value;
        return *this;
    }

    /// A number without zeros that say nothing; sentences have them so too.
    static std::string digits(double value) {
        char text[40];
        std::snprintf(text, sizeof text, "%.6g", value);
        return text;
    }

    std::string text() const { return "{" + body_ + "}"; }

    static std::string quoted(std::string_view text) {
        std::string result = "\"";
        for (char c : text) {
            if (c == '"' || c == '\\') {
                result += '\\';
            }
            result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
        return result + "\"";
    }

  private:
    std::string body_;
};

}  // namespace load
