/// \file
/// Given: `is_send<T>`, which says whether a `T` may be moved to another thread, and `ThreadBound`, by which a type says no.
/// You use neither. `spawn` checks the callable and the arguments that you pass.
///
/// C++ can't look into a type as Rust does. `is_send` can check the template arguments of a type, such as the `Window`
/// in `std::vector<Window>`. It can't see the members of a class or the captures of a lambda, so it misses some
/// mistakes. In builds with checks, `ThreadBound::require_own_thread` catches more of them when the program runs.
///
/// Source: Rust's `Send`.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <type_traits>

namespace rt {

/// A base or a member of a type that must stay on the thread that made it.
class ThreadBound {
  public:
    ThreadBound() noexcept = default;

    /// Ends the program if another thread made this object. Called by functions that must run on that thread. The
    /// message begins with `name`.
    void require_own_thread([[maybe_unused]] const char* name) const noexcept {
#if RT_CHECKS
        if (this_thread_id() != owner_) {
            violation(
                "was used on another thread than the one that made it, but it is bound to that thread. Run its task "
                "with spawn_local.",
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
/// True if `T` derives from ThreadBound. False for a type that is only declared, for example behind a pointer.
template <class T>
concept SaysThreadBound = requires { sizeof(T); } && std::is_base_of_v<ThreadBound, T>;
}  // namespace detail

/// True unless `T` is bound to its thread. Specialize it as false for a type that you can't change.
template <class T>
inline constexpr bool is_send = !detail::SaysThreadBound<T>;

template <class T>
inline constexpr bool is_send<const T> = is_send<T>;
template <class T>
inline constexpr bool is_send<T&> = is_send<T>;
template <class T>
inline constexpr bool is_send<T*> = is_send<T>;
/// A template is bound to a thread if one of its arguments is. Examples are `std::vector<Window>` and `Async<Window>`.
template <template <class...> class C, class... Ts>
inline constexpr bool is_send<C<Ts...>> = !detail::SaysThreadBound<C<Ts...>> && (is_send<Ts> && ...);

}  // namespace rt
