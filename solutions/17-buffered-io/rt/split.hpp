/// \file
/// Given: any stream in two halves, for two tasks. You use `split(stream)`.
///
/// A TcpStream can be read and written at the same time, so `split` of lesson 13 is chosen for it. Any other stream, a
/// BufReader for example, is one object with one state. Here both halves share it, and a lock lets only one of them poll at
/// a time. No thread waits long for the lock, because a poll does not wait.
///
/// Source: `tokio::io::split`.
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

namespace detail {

template <class S>
struct SharedStream {
    explicit SharedStream(S s) noexcept : stream(std::move(s)) {}

    Mutex mutex;
    S stream;
};

}  // namespace detail

/// The half to read from. Made by `split`.
template <class S>
class SplitRead {
  public:
    explicit SplitRead(std::shared_ptr<detail::SharedStream<S>> shared) noexcept : shared_(std::move(shared)) {}

    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        Lock lock(shared_->mutex);
        return shared_->stream.poll_read(cx, into);
    }

  private:
    std::shared_ptr<detail::SharedStream<S>> shared_;
};

/// The half to write to. Made by `split`.
template <class S>
class SplitWrite {
  public:
    explicit SplitWrite(std::shared_ptr<detail::SharedStream<S>> shared) noexcept : shared_(std::move(shared)) {}

    Poll<std::size_t> poll_write(Context& cx, std::string_view from) {
        Lock lock(shared_->mutex);
        return shared_->stream.poll_write(cx, from);
    }
    Poll<void> poll_shutdown(Context& cx) {
        Lock lock(shared_->mutex);
        return shared_->stream.poll_shutdown(cx);
    }

  private:
    std::shared_ptr<detail::SharedStream<S>> shared_;
};

/// Two halves of `stream`, which is destroyed when both are gone. Unlike TcpStream's, a half that is dropped shuts nothing
/// down. Call `co_await rt::shutdown(writer)` for that.
template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
std::pair<SplitRead<S>, SplitWrite<S>> split(S stream) {
    auto shared = std::make_shared<detail::SharedStream<S>>(std::move(stream));
    return {SplitRead<S>(shared), SplitWrite<S>(shared)};
}

}  // namespace rt
