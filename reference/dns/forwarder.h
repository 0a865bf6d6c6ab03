// Asks other name servers what this one does not know, and keeps what they answer for a while. Lives on one reactor thread; nothing waits.
//
// A question goes to one server at a time, from a port and with an id of its own: over UDP, over TCP when the answer was truncated; to the next server after a
// timeout or a refused connection. Who asks the same meanwhile waits for the same answer: so a question that comes back from a server which forwards to
// here goes round no further, and a name that everybody wants is asked for once.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "harness/net/reactor.h"
#include "reference/dns/address.h"
#include "reference/dns/dns_metrics.h"
#include "reference/dns/responder.h"

namespace plumb::dns {

struct StubDomain {
  std::string domain;  // lower case
  std::vector<SocketAddress> servers;
};

struct ForwardOptions {
  std::vector<SocketAddress> servers;  // of all names but those of stub domains; none: such questions are refused
  std::vector<StubDomain> stub_domains;  // the longest one counts
  Duration timeout = std::chrono::seconds(2);  // of one try
  Duration limit = std::chrono::seconds(5);    // of all
  std::size_t max_concurrent = 1000;           // questions under way; further ones are answered with SERVFAIL at once
  std::uint32_t cache_seconds = 30;            // the longest that an answer is kept and may be kept by who asked
  std::size_t cache_entries = 10'000;
};

class Forwarder {
 public:
  Forwarder(const ForwardOptions& options, std::shared_ptr<net::Reactor> reactor, Clock& clock, DnsMetrics& metrics);
  ~Forwarder();

  struct Reply {
    std::string bytes;
    Code code;
    Part part;
  };
  // `done` is called once, perhaps at once, unless the forwarder is destroyed before.
  void ask(Forward forward, std::size_t limit, std::function<void(Reply)> done);
  std::size_t under_way() const { return exchanges_.size(); }

 private:
  class Exchange;
  struct Waiter {
    Forward forward;
    std::size_t limit;
    std::function<void(Reply)> done;
  };
  struct Kept {
    Upstream upstream;
    Instant since, until;
    std::list<std::string>::iterator age;  // in order_
  };
  const std::vector<SocketAddress>* servers_of(const std::string& name) const;
  bool answer_from_cache(const std::string& key, const Forward& forward, std::size_t limit, const std::function<void(Reply)>& done);
  void finished(const std::string& key, std::optional<Upstream> upstream);
  void keep(const std::string& key, Upstream upstream);

  const ForwardOptions& options_;
  const std::shared_ptr<net::Reactor> reactor_;
  Clock& clock_;
  DnsMetrics& metrics_;
  StringMap<std::shared_ptr<Exchange>> exchanges_;
  StringMap<Kept> kept_;
  std::list<std::string> order_;  // of keys, the oldest first
};

}  // namespace plumb::dns
