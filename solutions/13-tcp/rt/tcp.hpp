/// \file
/// Given: all of TCP in one include. You use `TcpListener`, `TcpStream`, and `split`.
#pragma once

#include <rt/split.hpp>
#include <rt/tcp_listener.hpp>
#include <rt/tcp_stream.hpp>
