#include "server.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/notify.hpp>
#include <rt/serve.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/timeout.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// A client, and the end of its connection that is to be served.
class Client {
  public:
    Client() : Client(make_socket_pair()) {}

    /// Serves the client in a task.
    template <class Handler>
    rt::JoinHandle<> serve(Handler handler) {
        rt::detail::Stopping stopping(stopping_);
        return rt::spawn(rt::detail::serve_client(std::move(served_), std::move(stopping), std::move(handler)));
    }
    void tell_to_stop() {
        step("the server stops");
        stopping_->notify_waiters();
    }

    rt::TcpStream stream;

  private:
    explicit Client(Ends ends) : stream(std::move(ends.here)), served_(std::move(ends.there)) {}

    rt::TcpStream served_;
    std::shared_ptr<rt::Notify> stopping_ = std::make_shared<rt::Notify>();
};

constexpr char still_waits[] = "(it still waits)";

/// What the client hears until the end.
rt::Async<std::string> all_it_hears(rt::TcpStream* stream) {
    try {
        std::string heard = co_await rt::timeout(patience(), stream->read_to_string());
        co_return heard;
    } catch (const rt::Elapsed&) {
        co_return still_waits;
    }
}

/// How the task of a client ended.
rt::Async<std::string> ending_of(rt::JoinHandle<> serving) {
    std::string ending = "it ended";
    try {
        co_await rt::timeout(patience(), std::move(serving));
    } catch (const rt::Elapsed&) {
        ending = still_waits;
    } catch (...) {
        ending = "it threw";
    }
    co_return ending;
}

/// Says goodbye when the client says no more.
rt::Async<> polite(rt::TcpStream* stream) {
    co_await stream->write_all("hello");
    std::string said = co_await stream->read_to_string();
    co_await stream->write_all("goodbye, you said " + said);
}

}  // namespace

TEST_SUITE("20.2 clients") {
    TEST_CASE("a client is served until its handler ends") {
        auto story = []() -> rt::Async<> {
            Client client;
            auto serving = client.serve(echo_back);
            bool answered = co_await is_answered_soon(&client.stream, "hello");
            CHECK(answered);
            CHECK_FALSE(serving.is_finished());
            step("the client says that no more will come");
            co_await client.stream.shutdown();
            std::string ending = co_await ending_of(std::move(serving));
            CHECK(ending == "it ended");
            std::string rest = co_await all_it_hears(&client.stream);
            CHECK_MESSAGE(rest.empty(), "the connection ends with its handler");
        };
        run(story());
    }

    TEST_CASE("a handler that waits for bytes reads the end when the server stops") {
        auto story = []() -> rt::Async<> {
            Client client;
            auto serving = client.serve(polite);
            rt::Chunk hello = co_await client.stream.read(100);
            CHECK(hello.view() == "hello");
            client.tell_to_stop();
            std::string heard = co_await all_it_hears(&client.stream);
            CHECK_MESSAGE(heard != still_waits,
                          "the handler waits for bytes that no longer count. Shut the stream down for reading.");
            CHECK_MESSAGE((heard != "" || serving.is_finished()),
                          "the stream was shut down for writing, so the handler can't answer. Call shutdown_read.");
            CHECK_MESSAGE(heard != "",
                          "the handler was dropped in the middle. Lend it to select, and then let it end.");
            CHECK(heard == "goodbye, you said ");
            std::string ending = co_await ending_of(std::move(serving));
            CHECK(ending == "it ended");
        };
        run(story());
    }

    TEST_CASE("what has come before the stop is read before the end") {
        auto story = []() -> rt::Async<> {
            Client client;
            auto serving = client.serve(polite);
            rt::Chunk hello = co_await client.stream.read(100);
            CHECK(hello.view() == "hello");
            step("the client says last words");
            co_await client.stream.write_all("last words");
            client.tell_to_stop();
            std::string heard = co_await all_it_hears(&client.stream);
            CHECK(heard == "goodbye, you said last words");
        };
        run(story());
    }

    TEST_CASE("a stop that comes before the first poll is heard") {
        auto story = []() -> rt::Async<> {
            for (int round = 0; round < 8; ++round) {  // a select begins with another branch in each poll
                Client client;
                auto serving = client.serve(polite);
                client.tell_to_stop();
                std::string heard = co_await all_it_hears(&client.stream);
                REQUIRE_MESSAGE(
                    heard == "hellogoodbye, you said ",
                    "the server stopped before this client was polled. `stopping.stop` knows of that, but a "
                    "`notified()` that is called now doesn't.");
            }
        };
        run(story());
    }

    TEST_CASE("a client that was accepted just before the stop hears of it") {
        auto story = []() -> rt::Async<> {
            rt::detail::Clients clients;
            rt::TcpListener listener = listen();
            rt::TcpStream client = co_await rt::TcpStream::connect(listener.local_addr());
            auto loop = rt::detail::accept_loop(std::move(listener), 10, &clients, polite);
            auto accept_and_stop = rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                if (loop.poll(cx).is_pending() && clients.accepted == 0) {
                    return rt::Pending;
                }
                step("a client is accepted, and the server stops before the client's task is polled");
                clients.stopping->notify_waiters();
                return rt::Ready();
            });
            co_await accept_and_stop;
            std::string heard = co_await all_it_hears(&client);
            CHECK_MESSAGE(
                heard == "hellogoodbye, you said ",
                "the client's task did not hear of the stop, because that came before its first poll. Make its "
                "`Stopping` in the accept loop, where you spawn the task.");
        };
        run(story());
    }

    TEST_CASE("a handler that throws is the end of its client only") {
        auto story = []() -> rt::Async<> {
            auto in_its_body = [](rt::TcpStream* stream) -> rt::Async<> {
                co_await stream->read(100);
                throw std::system_error(EPIPE, std::system_category(), "write");
            };
            auto in_the_call = [](rt::TcpStream*) -> rt::Async<> {
                throw std::system_error(EPIPE, std::system_category(), "write");
            };
            auto a_number = [](rt::TcpStream* stream) -> rt::Async<> {
                co_await stream->read(100);
                throw 13;
            };
            auto ending_with = [](auto handler) -> rt::Async<std::string> {
                Client client;
                co_await client.stream.write_all("boo");
                co_return co_await ending_of(client.serve(handler));
            };
            std::string const advice = "the exception of a handler would end the accept loop. Catch it here.";
            step("a handler throws in its body");
            std::string ending = co_await ending_with(in_its_body);
            CHECK_MESSAGE(ending == "it ended", advice);
            step("a handler throws a number");
            ending = co_await ending_with(a_number);
            CHECK_MESSAGE(ending == "it ended", advice);
            step("a handler, which is no coroutine, throws when it is called");
            ending = co_await ending_with(in_the_call);
            CHECK_MESSAGE(ending == "it ended", advice);
        };
        run(story());
    }

    TEST_CASE("a handler that throws after the stop is the end of its client only") {
        auto story = []() -> rt::Async<> {
            auto moody = [](rt::TcpStream* stream) -> rt::Async<> {
                co_await stream->write_all("hello");
                co_await stream->read(100);
                throw std::system_error(EPIPE, std::system_category(), "write");
            };
            Client client;
            auto serving = client.serve(moody);
            rt::Chunk hello = co_await client.stream.read(100);
            CHECK(hello.view() == "hello");
            client.tell_to_stop();
            std::string ending = co_await ending_of(std::move(serving));
            CHECK_MESSAGE(ending != still_waits,
                          "this handler doesn't end after the stop. Shut its stream down for reading.");
            CHECK_MESSAGE(ending == "it ended", "this handler threw after the stop. Catch that exception, too.");
        };
        run(story());
    }

    TEST_CASE("what a handler throws is said once per kind unless the client did it") {
        auto story = []() -> rt::Async<> {
            auto handler = [](rt::TcpStream* stream) -> rt::Async<> {
                rt::Chunk chunk = co_await stream->read(1);
                switch (chunk.view()[0]) {
                    case 'b': throw std::logic_error("a bug in the handler");
                    case 'd': throw std::system_error(EMFILE, std::system_category(), "open");
                    case 'r': throw std::system_error(ECONNRESET, std::system_category(), "read");
                    default: throw rt::Elapsed();
                }
            };
            for (char kind : std::string("bbdrbet")) {
                Client client;
                co_await client.stream.write_all(std::string_view(&kind, 1));
                co_await ending_of(client.serve(handler));
            }
        };
        const Ended ended = run_in_a_child([&] { run(story()); });
        CHECK_MESSAGE(ended.printed ==
                          "rt: a handler of rt::serve ended with an exception: a bug in the handler\n"
                          "rt: a handler of rt::serve ended with an exception: open: Too many open files\n",
                      "of two bugs, a reset, and a timeout, the bugs are to be said: ", ended.printed);
    }
}
