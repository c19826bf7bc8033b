/// \file
/// Group chat over TCP, a line for each thing that is said:
///
///   client says          server says
///   join GROUP           joined GROUP
///   post GROUP TEXT      (nothing; or an error)
///                        message GROUP TEXT      to everyone in the group
///                        lagged GROUP N          you read too slowly: N messages of the group are lost to you
///                        error SENTENCE
///
/// A group is there while somebody is in it; a name has no space. Who ends its side is sent what was under way, and leaves.
#pragma once

#include <rt/async.hpp>

#include <string>

/// Runs the server at `addr` until the process is ended.
rt::Async<> serve(std::string addr);

/// Joins `group` at the server at `addr` as `name`: posts what comes on stdin, prints what comes from the server. A line
/// "/join OTHER" joins another group, and posts there from then on. False if the server ended it.
rt::Async<bool> join_chat(std::string addr, std::string group, std::string name);
