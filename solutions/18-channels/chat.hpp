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
/// A group exists while somebody is in it. A name is one word that a terminal can print. A client that shuts down its
/// side still gets the messages that are under way.
#pragma once

#include <rt/async.hpp>
#include <rt/print.hpp>

#include <string>
#include <string_view>

/// Returns true if `text` can be the name of a group or of a person.
inline bool is_name(std::string_view text) {
    return !text.empty() && text.find_first_of(" \t") == text.npos && rt::visible(text) == text;
}

/// Runs the server at `addr` until the process is killed.
rt::Async<> serve(std::string addr);

/// Joins `group` at the server at `addr` as `name`. It posts the lines of stdin and prints what the server sends. A
/// line "/join OTHER" joins another group and posts there from then on. Returns false if the server ended the
/// connection.
rt::Async<bool> join_chat(std::string addr, std::string group, std::string name);
