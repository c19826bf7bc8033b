/// \file
/// The parts of earlier lessons that most tests of lesson 11 and later use. See polls.hpp.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/join_set.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <support/precompiled/coroutines.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace support::precompiled {

template <class T>
rt::Async<T> spawn_some(Remote<T>* remote) {
    std::vector<rt::JoinHandle<T>> handles;
    handles.push_back(rt::spawn(await(remote->future())));
    handles.push_back(rt::spawn(remote->future()));
    handles.back().abort();
    rt::JoinSet<T> set;
    set.spawn(await(remote->future()));
    (void)co_await set.join_next();
    for (rt::JoinHandle<T>& handle : handles) {
        co_await handle;
    }
    co_return co_await std::move(handles.front());
}

template <class T>
void use_tasks(Remote<T>& remote) {
    rt::CurrentThread runtime;
    runtime.block_on(spawn_some(&remote));
    runtime.block_on(runtime.spawn(await(remote.future())));
}

inline void use_tasks(Remote<int>& number, Remote<std::size_t>& size, Remote<>& nothing, Remote<std::string>& text) {
    use_tasks(number);
    use_tasks(size);
    use_tasks(nothing);
    use_tasks(text);
    rt::CurrentThread runtime;
    runtime.block_on(rt::join(await(size.future()), await(text.future())));
}

}  // namespace support::precompiled
