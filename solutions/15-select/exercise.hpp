/// \file
/// The exercise of lesson 15, solved: `Records` reads records of a fixed size, and `next()` is cancel-safe.
#pragma once

#include <rt/future.hpp>
#include <rt/io.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

namespace exercise {

/// Reads a stream record by record. Keeps the bytes of a record that isn't whole yet.
template <rt::AsyncRead R>
class Records {
  public:
    Records(R& stream, std::size_t size) : stream_(stream), record_(size, '\0') {}

    /// Yields the next record, or nothing at the end of the stream.
    auto next() {
        return rt::poll_fn([this](rt::Context& cx) -> rt::Poll<std::optional<std::string>> {
            while (filled_ < record_.size()) {
                auto read = stream_.poll_read(cx, std::span(record_).subspan(filled_));
                if (read.is_pending()) {
                    return rt::Pending;
                }
                if (read.value() == 0 && filled_ != 0) {
                    throw std::runtime_error("the stream ended in the middle of a record");
                }
                if (read.value() == 0) {
                    return rt::Ready(std::optional<std::string>());
                }
                filled_ += read.value();
            }
            filled_ = 0;
            return rt::Ready(std::optional(record_));
        });
    }

  private:
    R& stream_;
    std::string record_;
    std::size_t filled_ = 0;  // how many bytes of the record have come
};

}  // namespace exercise
