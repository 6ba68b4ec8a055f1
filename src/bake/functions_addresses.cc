// Functions of IP networks, of both versions.
#include <arpa/inet.h>

#include <array>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

__extension__ typedef unsigned __int128 Number;

struct Network {
  int family = AF_INET;
  Number address = 0;
  int length = 0;  // of the prefix

  int bits() const { return family == AF_INET ? 32 : 128; }
};

Network parse_network(const std::string& text) {
  const auto refuse = [&] { return Error(fmt::format("\"{}\" is no network", text), {}, "write it like 10.1.0.0/16"); };
  const size_t slash = text.find('/');
  if (slash == text.npos) throw refuse();
  const auto length = parse_u64(text.substr(slash + 1));
  Network out;
  out.family = text.contains(':') ? AF_INET6 : AF_INET;
  std::array<uint8_t, 16> bytes{};
  if (!length || *length > static_cast<uint64_t>(out.bits()) ||
      ::inet_pton(out.family, text.substr(0, slash).c_str(), bytes.data()) != 1)
    throw refuse();
  out.length = static_cast<int>(*length);
  for (int i = 0; i < out.bits() / 8; ++i) out.address = out.address << 8 | bytes[static_cast<size_t>(i)];
  const int host = out.bits() - out.length;
  if (host == 128) out.address = 0;
  else out.address = out.address >> host << host;
  return out;
}

std::string address_text(const Network& network, Number address) {
  std::array<uint8_t, 16> bytes{};
  for (int i = network.bits() / 8 - 1; i >= 0; --i, address >>= 8) bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(address);
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(network.family, bytes.data(), text, sizeof text);
  return text;
}

Value cidrhost(const Args& a) {
  const Network network = parse_network(a.text(0));
  const int64_t number = a.integer(1);
  const int host = network.bits() - network.length;
  const Number size = host >= 64 ? static_cast<Number>(1) << 64 : static_cast<Number>(1) << host;
  const Number wanted = number < 0 ? static_cast<Number>(-number) : static_cast<Number>(number);
  if (wanted > size || (number >= 0 && wanted == size)) throw Error(fmt::format("the network {} has no host {}", a.text(0), number));
  const Number whole = host == 128 ? 0 : static_cast<Number>(1) << host;
  return address_text(network, network.address + (number < 0 ? whole - wanted : wanted));
}

Value cidrnetmask(const Args& a) {
  const Network network = parse_network(a.text(0));
  if (network.family != AF_INET) throw Error("only networks of IPv4 have a mask");
  const uint64_t mask = network.length == 0 ? 0 : (0xffffffffull << (32 - network.length)) & 0xffffffffull;
  return address_text(network, mask);
}

std::string subnet(const Network& network, int more, Number number) {
  const int length = network.length + more;
  if (more < 0 || length > network.bits()) throw Error(fmt::format("a prefix cannot be {} bits long", length));
  if (more < 128 && number >> more != 0) throw Error(fmt::format("{} bits are too few for this number", more));
  const int shift = network.bits() - length;
  const Number address = network.address | (shift == 128 ? 0 : number << shift);
  return fmt::format("{}/{}", address_text(network, address), length);
}

Value cidrsubnet(const Args& a) {
  const int64_t number = a.integer(2);
  if (number < 0) throw Error("the number of a subnet is negative");
  return subnet(parse_network(a.text(0)), static_cast<int>(std::min<int64_t>(a.integer(1), 1000)), static_cast<Number>(number));
}

Value cidrsubnets(const Args& a) {
  const Network network = parse_network(a.text(0));
  Number next = network.address;
  List out;
  for (size_t i = 1; i < a.size(); ++i) {
    const int64_t more = a.integer(i);
    const int64_t length = network.length + more;
    if (more < 1 || length > network.bits()) throw Error(fmt::format("a prefix cannot be {} bits long", length));
    const int shift = network.bits() - static_cast<int>(length);
    const Number size = static_cast<Number>(1) << shift;
    next = (next + size - 1) / size * size;
    const int host = network.bits() - network.length;
    if (host < 128 && next - network.address + size > static_cast<Number>(1) << host)
      throw Error(fmt::format("the network {} has no room for all of these", a.text(0)));
    out.emplace_back(fmt::format("{}/{}", address_text(network, next), length));
    next += size;
  }
  return out;
}

constexpr Function kFunctions[] = {
    {"cidrhost", 2, 2, cidrhost},
    {"cidrnetmask", 1, 1, cidrnetmask},
    {"cidrsubnet", 3, 3, cidrsubnet},
    {"cidrsubnets", 1, kAny, cidrsubnets},
};

}  // namespace

std::span<const Function> address_functions() { return kFunctions; }

}  // namespace slipway::bake
