// An answer that goes on, pulled line by line: watches, followed logs. Lines not yet pulled are bounded: beyond that the stream pauses.
// One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "harness/client/transport.h"

namespace plumb::client {

class LineStream {
 public:
  LineStream(Transport& transport, Request request);
  ~LineStream();  // cancels

  enum class Next { line, none_yet, ended };
  // The next line without its newline; `none_yet` when there is none by `deadline`. With `ended`, `line` is what stood after the last newline.
  Next next(Instant deadline, std::string& line);

  // Waits for the head of the answer. Ok for a 200, else the refusal, or why there was none.
  Status opened(Instant deadline);
  // How it ended: ok for a whole answer with 200.
  Status outcome() const;
  int status() const;  // of HTTP; zero before the head of the answer has come

 private:
  struct Channel;
  Status refusal() const;

  const std::string what_;
  const std::shared_ptr<Channel> channel_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace plumb::client
