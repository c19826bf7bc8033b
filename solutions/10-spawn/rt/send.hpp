/// \file
/// `is_send<T>`: may a `T` be handed to another thread? `spawn` asks it of the callable and of every argument.
///
/// C++ cannot look into a type as Rust does: the answer is yes unless someone said no. A type says no by a `ThreadBound`
/// base, or by a specialization of `is_send`. Members are not seen, nor what a lambda captured. So this catches honest
/// mistakes, not all of them; in debug builds a `ThreadBound`, base or member, also looks at the thread it is used on.
///
/// Source of the idea: Rust's `Send`.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rt {

/// Base, or member, of a type that must stay on the thread that made it.
class ThreadBound {
  public:
    ThreadBound() noexcept = default;

    /// Called at the top of the members that must not run elsewhere; `name` is for the sentence.
    void require_own_thread([[maybe_unused]] const char* name) const noexcept {
#if RT_CHECKS
        if (this_thread_id() != owner_) {
            violation("used on another thread than the one that made it: it is thread-bound, so spawn_local its task",
                      name);
        }
#endif
    }

#if RT_CHECKS
  private:
    ThreadId owner_ = this_thread_id();
#endif
};

namespace detail {
/// A type that is only declared yet (behind a pointer, say) has said nothing.
template <class T>
concept SaysThreadBound = requires { sizeof(T); } && std::is_base_of_v<ThreadBound, T>;
}  // namespace detail

/// True unless `T` said that it is bound to its thread. Specialize it as false for a type that is not your own.
template <class T>
inline constexpr bool is_send = !detail::SaysThreadBound<T>;

template <class T>
inline constexpr bool is_send<const T> = is_send<T>;
template <class T>
inline constexpr bool is_send<T&> = is_send<T>;
template <class T>
inline constexpr bool is_send<T*> = is_send<T>;
template <class T, class D>
inline constexpr bool is_send<std::unique_ptr<T, D>> = is_send<T>;
template <class T>
inline constexpr bool is_send<std::shared_ptr<T>> = is_send<T>;
template <class T>
inline constexpr bool is_send<std::optional<T>> = is_send<T>;
template <class T, class A>
inline constexpr bool is_send<std::vector<T, A>> = is_send<T>;
template <class A, class B>
inline constexpr bool is_send<std::pair<A, B>> = is_send<A> && is_send<B>;
template <class... Ts>
inline constexpr bool is_send<std::tuple<Ts...>> = (is_send<Ts> && ...);
template <class... Ts>
inline constexpr bool is_send<std::variant<Ts...>> = (is_send<Ts> && ...);

}  // namespace rt
