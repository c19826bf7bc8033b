/// \file
/// `DropCounter`: makes values, and counts how often they are copied, moved, and destroyed.
#pragma once

#include <rt/sync.hpp>

#include <memory>
#include <utility>

namespace support {

/// Makes tokens, and counts them.
///
/// Thread safety: tokens may be used on any thread. Read the counts after the threads have been joined, because they are
/// relaxed.
class DropCounter {
    struct Counts {
        rt::Atomic<int> made{0};
        rt::Atomic<int> copies{0};
        rt::Atomic<int> moves{0};
        rt::Atomic<int> drops{0};  // of tokens that are not moved-from
    };

  public:
    /// A counted value. Tests put it into a future, a closure, a coroutine, or an output.
    class Token {
      public:
        Token(const Token& other) : counts_(other.counts_) {
            if (counts_) {
                counts_->copies.fetch_add(1, rt::relaxed);
            }
        }
        Token(Token&& other) noexcept : counts_(std::move(other.counts_)) {
            if (counts_) {
                counts_->moves.fetch_add(1, rt::relaxed);
            }
        }
        Token& operator=(Token other) noexcept {
            std::swap(counts_, other.counts_);
            return *this;
        }
        ~Token() {
            if (counts_) {
                counts_->drops.fetch_add(1, rt::relaxed);
            }
        }

      private:
        friend DropCounter;
        explicit Token(std::shared_ptr<Counts> counts) : counts_(std::move(counts)) {}

        std::shared_ptr<Counts> counts_;  // empty after a move
    };

    /// A new token.
    Token token() const {
        counts_->made.fetch_add(1, rt::relaxed);
        return Token(counts_);
    }

    int copies() const noexcept { return counts_->copies.load(rt::relaxed); }
    int moves() const noexcept { return counts_->moves.load(rt::relaxed); }
    /// How many tokens were destroyed, not counting those that were moved from.
    int drops() const noexcept { return counts_->drops.load(rt::relaxed); }
    /// How many tokens exist now.
    int alive() const noexcept { return counts_->made.load(rt::relaxed) + copies() - drops(); }

  private:
    std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

}  // namespace support
