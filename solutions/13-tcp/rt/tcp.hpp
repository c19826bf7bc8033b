/// \file
/// All of TCP: `TcpListener`, `TcpStream`, and `split`.
#pragma once

#include <rt/tcp_listener.hpp>
#include <rt/tcp_split.hpp>
#include <rt/tcp_stream.hpp>
