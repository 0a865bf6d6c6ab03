#include "harness/base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace plumb {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid argument";
    case Code::not_found: return "not found";
    case Code::already_exists: return "already exists";
    case Code::conflict: return "conflict";
    case Code::expired: return "expired";
    case Code::unauthenticated: return "unauthenticated";
    case Code::permission_denied: return "permission denied";
    case Code::resource_exhausted: return "resource exhausted";
    case Code::unavailable: return "unavailable";
    case Code::deadline_exceeded: return "deadline exceeded";
    case Code::cancelled: return "cancelled";
    case Code::unsupported: return "unsupported";
    case Code::internal: return "internal";
  }
  return "internal";
}

Error Error::in(std::string_view context) const& { return Error(*this).in(context); }

Error Error::in(std::string_view context) && {
  message.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

Error fail_errno(std::string_view attempted) {
  const int number = errno;
  Code code = Code::internal;
  if (number == ENOENT) code = Code::not_found;
  if (number == EEXIST) code = Code::already_exists;
  if (number == EACCES || number == EPERM) code = Code::permission_denied;
  if (number == ECONNREFUSED || number == ECONNRESET || number == EPIPE || number == EADDRINUSE) code = Code::unavailable;
  return fail(code, std::string(attempted) + ": " + std::strerror(number));
}

namespace detail {
void die_on_error(const Error& error) {
  std::fprintf(stderr, "value() of a failed result: %s\n", error.message.c_str());
  std::abort();
}
}  // namespace detail

}  // namespace plumb
