/// \file
/// `split(stream)`: two owned sides of any stream, for two tasks.
///
/// A `TcpStream` knows by itself how to be read and written at the same time, and has a split of its own (lesson 13), which
/// is chosen for it. Any other stream, a BufReader around one, say, is one object with one state: here both sides share
/// it, and a lock sees to it that only one of them polls at a time. No wait happens under the lock: a poll does not wait.
///
/// Source of the idea: `tokio::io::split`.
#pragma once

#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/sync.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace rt {

template <class S>
class SplitRead;
template <class S>
class SplitWrite;

/// Two sides of `stream`, which is destroyed when both are gone. Unlike TcpStream's, a writing side that is dropped shuts
/// nothing down: say `co_await rt::shutdown(writer)`.
template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
std::pair<SplitRead<S>, SplitWrite<S>> split(S stream);

namespace detail {

template <class S>
class Shared {
  public:
    explicit Shared(S stream) noexcept : stream_(std::move(stream)) {}

    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        Lock lock(mutex_);
        return stream_.poll_read(cx, into);
    }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) {
        Lock lock(mutex_);
        return stream_.poll_write(cx, from);
    }
    Poll<void> poll_shutdown(Context& cx) {
        Lock lock(mutex_);
        return stream_.poll_shutdown(cx);
    }

  private:
    Mutex mutex_;
    S stream_;
};

}  // namespace detail

/// The side to read from.
template <class S>
class SplitRead {
  public:
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) { return shared_->poll_read(cx, into); }

  private:
    friend std::pair<SplitRead, SplitWrite<S>> split<S>(S stream);
    explicit SplitRead(std::shared_ptr<detail::Shared<S>> shared) noexcept : shared_(std::move(shared)) {}

    std::shared_ptr<detail::Shared<S>> shared_;
};

/// The side to write to.
template <class S>
class SplitWrite {
  public:
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) { return shared_->poll_write(cx, from); }
    Poll<void> poll_shutdown(Context& cx) { return shared_->poll_shutdown(cx); }

  private:
    friend std::pair<SplitRead<S>, SplitWrite> split<S>(S stream);
    explicit SplitWrite(std::shared_ptr<detail::Shared<S>> shared) noexcept : shared_(std::move(shared)) {}

    std::shared_ptr<detail::Shared<S>> shared_;
};

template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
std::pair<SplitRead<S>, SplitWrite<S>> split(S stream) {
    auto shared = std::make_shared<detail::Shared<S>>(std::move(stream));
    return {SplitRead<S>(shared), SplitWrite<S>(shared)};
}

}  // namespace rt
