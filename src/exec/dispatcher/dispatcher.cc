// The program that the kernel starts for every foreign executable of a step where twins are on: registered as the
// interpreter in the private binfmt_misc instance, it asks slipway (exchange.h) and becomes what it is told. A static
// program of a few kilobytes without a C library, so that asking costs less than anything that follows.
//
// The emulator does not get executed but loaded in the dispatcher's place: the kernel has given this process the
// credentials of a set-uid program, the descriptor of a program that it may execute but not read, and the flag that
// argv[0] was kept, all of which a second execve would lose.
#include <elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <sys/syscall.h>

#include <cstddef>

#include "exec/dispatcher/exchange.h"

using slipway::exec::Exchange;

namespace {

#if defined(__x86_64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}
[[noreturn]] void enter(const uint64_t* stack, uint64_t entry) {
  asm volatile("mov %0, %%rsp\n\txor %%edx, %%edx\n\tjmp *%1" : : "r"(stack), "r"(entry) : "memory", "rdx");
  __builtin_unreachable();
}
asm(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall dispatch\n\thlt");
#elif defined(__aarch64__)
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
[[noreturn]] void enter(const uint64_t* stack, uint64_t entry) {
  asm volatile("mov sp, %0\n\tmov x0, xzr\n\tbr %1" : : "r"(stack), "r"(entry) : "memory", "x0");
  __builtin_unreachable();
}
asm(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x0, sp\n\tbl dispatch\n\tbrk #0");
#endif

[[noreturn]] void die(const char* why) {
  size_t length = 0;
  while (why[length]) ++length;
  call(SYS_write, 2, reinterpret_cast<long>(why), static_cast<long>(length));
  for (;;) call(SYS_exit_group, 126);
}

struct Auxiliary {
  uint64_t type, value;
};

Auxiliary* find(Auxiliary* all, uint64_t type) {
  for (; all->type != AT_NULL; ++all)
    if (all->type == type) return all;
  return nullptr;
}

long map(uint64_t at, uint64_t size, int protection, int flags, int file, uint64_t offset) {
  return call(SYS_mmap, static_cast<long>(at), static_cast<long>(size), protection, flags, file, static_cast<long>(offset));
}

bool failed(long result) { return result < 0 && result > -4096; }

/// Maps the static program as the kernel would, tells it of itself in the auxiliary vector, and starts it.
[[noreturn]] void load(int file, uint64_t* stack, Auxiliary* auxiliary) {
  const Auxiliary* const page_size = find(auxiliary, AT_PAGESZ);
  const uint64_t page = page_size ? page_size->value : 4096;
  constexpr size_t kMaxSegments = 32;
  Elf64_Ehdr header;
  Elf64_Phdr segments[kMaxSegments];
  if (call(SYS_pread64, file, reinterpret_cast<long>(&header), sizeof header, 0) != sizeof header ||
      header.e_phnum > kMaxSegments || header.e_phentsize != sizeof(Elf64_Phdr) ||
      call(SYS_pread64, file, reinterpret_cast<long>(segments), header.e_phnum * static_cast<long>(sizeof(Elf64_Phdr)),
           static_cast<long>(header.e_phoff)) != header.e_phnum * static_cast<long>(sizeof(Elf64_Phdr)))
    die("slipway: the emulator is no program\n");
  uint64_t low = ~uint64_t{0}, high = 0, align = page;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const Elf64_Phdr& segment = segments[i];
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_vaddr < low) low = segment.p_vaddr & ~(page - 1);
    if (segment.p_vaddr + segment.p_memsz > high) high = segment.p_vaddr + segment.p_memsz;
    if (segment.p_align > align) align = segment.p_align;
  }
  high = (high + page - 1) & ~(page - 1);
  uint64_t shift = 0;
  if (header.e_type == ET_DYN) {
    const long place = map(0, high - low + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (failed(place)) die("slipway: no memory for the emulator\n");
    const uint64_t start = (static_cast<uint64_t>(place) + align - 1) & ~(align - 1);
    if (start > static_cast<uint64_t>(place)) call(SYS_munmap, place, static_cast<long>(start) - place);
    if (const uint64_t rest = static_cast<uint64_t>(place) + align - start; rest > 0)
      call(SYS_munmap, static_cast<long>(start + (high - low)), static_cast<long>(rest));
    shift = start - low;
  } else if (failed(map(low, high - low, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0))) {
    die("slipway: the place of the emulator is taken\n");
  }
  uint64_t headers = 0;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const Elf64_Phdr& segment = segments[i];
    if (segment.p_type != PT_LOAD) continue;
    const int protection = (segment.p_flags & PF_R ? PROT_READ : 0) | (segment.p_flags & PF_W ? PROT_WRITE : 0) |
                           (segment.p_flags & PF_X ? PROT_EXEC : 0);
    const uint64_t skip = segment.p_vaddr & (page - 1), begin = shift + segment.p_vaddr - skip;
    const uint64_t file_end = shift + segment.p_vaddr + segment.p_filesz;
    const uint64_t end = shift + segment.p_vaddr + segment.p_memsz;
    uint64_t mapped = begin;
    if (segment.p_filesz > 0) {
      if (failed(map(begin, segment.p_filesz + skip, protection, MAP_PRIVATE | MAP_FIXED, file, segment.p_offset - skip)))
        die("slipway: cannot map the emulator\n");
      mapped = (file_end + page - 1) & ~(page - 1);
    }
    if (end > file_end) {
      if (segment.p_flags & PF_W)
        for (uint64_t at = file_end; at < mapped && at < end; ++at) *reinterpret_cast<volatile char*>(at) = 0;
      if (end > mapped &&
          failed(map(mapped, end - mapped, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)))
        die("slipway: no memory for the emulator\n");
    }
    if (header.e_phoff >= segment.p_offset && header.e_phoff < segment.p_offset + segment.p_filesz)
      headers = shift + segment.p_vaddr + (header.e_phoff - segment.p_offset);
  }
  call(SYS_close, file);
  for (Auxiliary* entry = auxiliary; entry->type != AT_NULL; ++entry) {
    if (entry->type == AT_PHDR) entry->value = headers;
    if (entry->type == AT_PHNUM) entry->value = header.e_phnum;
    if (entry->type == AT_PHENT) entry->value = header.e_phentsize;
    if (entry->type == AT_ENTRY) entry->value = shift + header.e_entry;
    if (entry->type == AT_BASE) entry->value = 0;
  }
  enter(stack, shift + header.e_entry);
}

const char* next_string(const char* text) {
  while (*text) ++text;
  return text + 1;
}

bool same_name(const char* a, const char* b) {
  while (*a && *a == *b && *a != '=') ++a, ++b;
  return *a == '=' && *b == '=';
}

/// Executes `file` with the arguments and the environment of the answer; returns only if it cannot.
void execute(const Exchange& answer, int file, const char** arguments, const char** environment) {
  size_t count = 0, variables = 0;
  while (arguments[count]) ++count;
  while (environment[variables]) ++variables;
  const size_t pointers = count + variables + answer.new_arguments + answer.new_environment + 2;
  const long memory = map(0, pointers * sizeof(char*), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (failed(memory)) return;
  const char** const list = reinterpret_cast<const char**>(memory);
  const char** out = list;
  const char* text = answer.text;
  for (uint32_t i = 0; i < answer.new_arguments; ++i, text = next_string(text)) *out++ = text;
  if (answer.new_arguments == 0)
    for (size_t i = 2; i < count; ++i) *out++ = arguments[i];
  *out++ = nullptr;
  const char** const new_environment = out;
  for (uint32_t i = 0; i < answer.new_environment; ++i, text = next_string(text)) *out++ = text;
  const char** const added_end = out;
  for (size_t i = 0; i < variables; ++i) {
    bool is_replaced = false;
    for (const char** added = new_environment; added < added_end; ++added)
      if (same_name(*added, environment[i])) is_replaced = true;
    if (!is_replaced) *out++ = environment[i];
  }
  *out = nullptr;
  // QEMU hands the environment on in reverse at each start; programs that print it tell.
  for (const char **front = new_environment, **back = out; front < --back; ++front) {
    const char* const kept = *front;
    *front = *back;
    *back = kept;
  }
  call(SYS_execveat, file, reinterpret_cast<long>(""), reinterpret_cast<long>(list),
       reinterpret_cast<long>(new_environment), AT_EMPTY_PATH);
  call(SYS_munmap, memory, static_cast<long>(pointers * sizeof(char*)));
}

constinit Exchange exchange{};

}  // namespace

extern "C" [[noreturn]] __attribute__((used)) void dispatch(uint64_t* stack) {
  const auto** const arguments = reinterpret_cast<const char**>(stack + 1);
  const auto** const environment = arguments + *stack + 1;
  const char** end = environment;
  while (*end) ++end;
  auto* const auxiliary = reinterpret_cast<Auxiliary*>(end + 1);
  const Auxiliary* const program = find(auxiliary, AT_EXECFD);
  exchange.arguments = reinterpret_cast<uint64_t>(arguments);
  exchange.argument_count = *stack;
  exchange.environment = reinterpret_cast<uint64_t>(environment);
  exchange.file = program ? static_cast<int64_t>(program->value) : -1;
  for (exchange.attempt = 0; exchange.attempt < 2; ++exchange.attempt) {
    const long file = call(SYS_prctl, slipway::exec::kDispatchCall, reinterpret_cast<long>(&exchange), 0, 0, 0);
    if (failed(file)) die("slipway: nobody is there who knows how to run programs of another architecture\n");
    if (exchange.how == slipway::exec::kLoadEmulator) load(static_cast<int>(file), stack, auxiliary);
    // The descriptor is for us, not for the program.
    if (program) call(SYS_fcntl, exchange.file, F_SETFD, FD_CLOEXEC);
    execute(exchange, static_cast<int>(file), arguments, environment);
    if (program) call(SYS_fcntl, exchange.file, F_SETFD, 0);
    call(SYS_close, file);
  }
  die("slipway: cannot run a program of another architecture\n");
}
