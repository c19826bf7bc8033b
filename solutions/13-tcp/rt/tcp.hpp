/// \file
/// TCP, whole: `TcpListener` and `TcpStream`.
#pragma once

#include <rt/tcp_listener.hpp>
#include <rt/tcp_stream.hpp>
