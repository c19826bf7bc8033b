#include <support/test_thread.hpp>

namespace support {

rt::Thread TestThread::start(std::unique_ptr<Work> work) {
    return rt::Thread([own = std::move(work)] { own->run(); });
}

void TestThread::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace support
