/// \file
/// Given: the two programs of the chat, and what they say to each other over TCP. Each line is one message.
///
///     client               server
///     join GROUP           joined GROUP
///     post GROUP TEXT      nothing, or an error
///                          message GROUP TEXT      to everyone in the group
///                          lagged GROUP N          the client reads too slowly and has missed N messages of the group
///                          error SENTENCE
///
/// A group exists while somebody is in it. A name has no space. A client that shuts down its side still gets the
/// messages that are under way.
#pragma once

#include <rt/async.hpp>

#include <string>

/// Runs the server at `addr` until the process is killed.
rt::Async<> serve(std::string addr);

/// Joins `group` at the server at `addr` as `name`. It posts the lines of stdin and prints what the server sends. A
/// line "/join OTHER" joins another group and posts there from then on. Returns false if the server ended the
/// connection.
rt::Async<bool> join_chat(std::string addr, std::string group, std::string name);
