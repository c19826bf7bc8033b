#include <doctest/doctest.h>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>

using namespace support;
using rt::Pending;
using rt::Ready;

TEST_SUITE("17.0 given: a BufReader writes") {
    TEST_CASE("writes go straight through") {
        MockPeer peer;
        rt::BufReader reader(peer.stream());
        peer.take_room(3);
        auto write = spawn_mock("write_all", rt::write_all(reader, "hello"));
        CHECK(write.poll() == Pending);
        CHECK(peer.received() == "hel");
        peer.take_room(2);
        CHECK(write.is_woken());
        CHECK(write.poll() == Ready());
        CHECK(peer.received() == "hello");
        auto end = spawn_mock("shutdown", rt::shutdown(reader));
        CHECK(end.poll() == Ready());
        CHECK(peer.is_shut_down());
    }
}
