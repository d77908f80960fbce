// SPDX-License-Identifier: Apache-2.0
//
// What is x86-64 about the MMU: paging-structure entries, access rights,
// canonical addresses, invalidation rules. The RTL twin of cmodel/x86.h. What
// these words mean is decided here; other blocks only take fields out of them,
// by the layouts below: the arrays those of a tag, which they compare, the page
// walkers the frame, A, D and G of an entry, whoever hits D and the PAT index.
// Sections are those of the Intel SDM, volume 3A; "APM": of AMD's manual, volume 2.
//
// A cached translation is two words. The tag: VA[56:12] in 44:0, PCID in
// 56:45, global in 57, size of the page in 59:58. The data: physical frame
// (4 KiB units) in 39:0 and the rights of the whole path. Walk caches use the
// same layout; their frame is that of the next table, and only RW, US and NX
// of the rights are used.
//
// Constants named after one bit of a word (Mode*, Attr*, Entry*, Tag*, Data*,
// Kind*, Denied*, Cr*, Efer*) are bit numbers; those of Inv* are masks.
package x86_pkg;

  // Page sizes.
  localparam logic [1:0] Page4k = 2'd0;
  localparam logic [1:0] Page2m = 2'd1;
  localparam logic [1:0] Page1g = 2'd2;

  // What one entry of an array covers, and so which address bits index it; 3 and 4 are the walk caches of PML4Es
  // and PML5Es.
  localparam int Grain4k = 0;
  localparam int Grain2m = 1;
  localparam int Grain1g = 2;
  localparam int GrainOwn = 5;  // each entry its own page size; fully associative
  localparam int Grain4k2m = 6;  // 4 KiB and 2 MiB pages, each indexed by its own size

  // Replacement policies.
  localparam int PolicyLru = 0;
  localparam int PolicyPlru = 1;
  localparam int PolicyNru = 2;
  localparam int PolicyRandom = 3;

  // The control register bits that translation looks at.
  localparam int ModePg = 0;
  localparam int ModeWp = 1;
  localparam int ModeNxe = 2;
  localparam int ModeSmep = 3;
  localparam int ModeSmap = 4;
  localparam int ModePge = 5;
  localparam int ModePcide = 6;
  localparam int ModePke = 7;
  localparam int ModePks = 8;
  localparam int ModeLa57 = 9;

  // Their places in the control registers, and other bits of those.
  localparam int Cr0Wp = 16;
  localparam int Cr0Pg = 31;
  localparam int Cr3NoFlush = 63;
  localparam int Cr4Pge = 7;
  localparam int Cr4La57 = 12;
  localparam int Cr4Pcide = 17;
  localparam int Cr4Smep = 20;
  localparam int Cr4Smap = 21;
  localparam int Cr4Pke = 22;
  localparam int Cr4Pks = 24;
  localparam int EferNxe = 11;

  // Access attributes: the kind in 1:0, then single bits.
  localparam logic [1:0] AccessRead = 2'd0;
  localparam logic [1:0] AccessWrite = 2'd1;
  localparam logic [1:0] AccessFetch = 2'd2;
  localparam int AttrUser = 2;
  localparam int AttrImplicit = 3;
  localparam int AttrAc = 4;

  // Faults.
  localparam logic [1:0] FaultNone = 2'd0;
  localparam logic [1:0] FaultPage = 2'd1;
  localparam logic [1:0] FaultNonCanonical = 2'd2;
  localparam logic [1:0] FaultMachineCheck = 2'd3;

  // Where an answer came from.
  localparam logic [1:0] SourceL1 = 2'd0;
  localparam logic [1:0] SourceL2 = 2'd1;
  localparam logic [1:0] SourceWalk = 2'd2;

  // Control operations.
  localparam logic [2:0] OpWriteCr0 = 3'd0;
  localparam logic [2:0] OpWriteCr3 = 3'd1;
  localparam logic [2:0] OpWriteCr4 = 3'd2;
  localparam logic [2:0] OpWriteEfer = 3'd3;
  localparam logic [2:0] OpWritePkru = 3'd4;
  localparam logic [2:0] OpWritePkrs = 3'd5;
  localparam logic [2:0] OpInvlpg = 3'd6;
  localparam logic [2:0] OpInvpcid = 3'd7;

  // A paging-structure entry (4.5).
  localparam int EntryP = 0;
  localparam int EntryRw = 1;
  localparam int EntryUs = 2;
  localparam int EntryPwt = 3;
  localparam int EntryPcd = 4;
  localparam int EntryA = 5;
  localparam int EntryD = 6;
  localparam int EntryPs = 7;       // levels 2 to 5
  localparam int EntryPat4k = 7;    // level 1
  localparam int EntryG = 8;
  localparam int EntryPatBig = 12;  // levels 2 and 3 with PS
  localparam int EntryNx = 63;

  // The words of a cached translation.
  localparam int TagGlobal = 57;
  localparam int DataRw = 40;
  localparam int DataUs = 41;
  localparam int DataNx = 42;
  localparam int DataD = 43;
  localparam int DataPat = 44;

  // What entry_kind says.
  localparam int KindPresent = 0;
  localparam int KindReserved = 1;
  localparam int KindLeaf = 2;

  // What denied says: bit 0 that the access is forbidden, bit 1 that its protection key forbids it.
  localparam int DeniedByKey = 1;

  // Which cached translations an invalidation drops (4.10.4.1).
  localparam logic [2:0] InvAddress = 3'b001;  // only those of the page at the key's address
  localparam logic [2:0] InvPcid = 3'b010;     // of the non-global ones, only those of the key's PCID
  localparam logic [2:0] InvGlobals = 3'b100;  // global ones too, of whichever PCID

  // The page number of an address.
  function automatic logic [44:0] vpn(input logic [63:0] va);
    vpn = va[56:12];
  endfunction

  // The tag of a cached translation.
  function automatic logic [59:0] tag(input logic [44:0] page, input logic [11:0] pcid, input logic is_global,
                                      input logic [1:0] size);
    tag = {size, is_global, pcid, page};
  endfunction

  // The size of the page in a tag.
  function automatic logic [1:0] tag_size(input logic [59:0] word);
    tag_size = word[59:58];
  endfunction

  // Physical address of va through a cached translation of a page of that size.
  function automatic logic [51:0] physical(input logic [50:0] data, input logic [1:0] size, input logic [63:0] va);
    physical = {
      data[39:18], size == Page1g ? va[29:21] : data[17:9], size != Page4k ? va[20:12] : data[8:0], va[11:0]
    };
  endfunction

  // Vol. 1, 3.3.7.1; APM 5.3.1: bits 63:47 (63:56 with 5-level paging) are all equal.
  function automatic logic canonical(input logic [63:0] va, input logic [9:0] mode);
    canonical = va[63:56] == {8{va[56]}} && (mode[ModeLa57] || va[55:47] == {9{va[56]}});
  endfunction

  // How many levels a walk has.
  function automatic logic [2:0] levels(input logic [9:0] mode);
    levels = mode[ModeLa57] ? 3'd5 : 3'd4;
  endfunction

  // Address of the entry for va at that level (1 = PTE .. 5 = PML5E) in the table at frame pfn.
  function automatic logic [51:0] entry_address(input logic [39:0] pfn, input logic [2:0] level,
                                                input logic [63:0] va);
    logic [8:0] index;
    case (level)
      3'd1: index = va[20:12];
      3'd2: index = va[29:21];
      3'd3: index = va[38:30];
      3'd4: index = va[47:39];
      default: index = va[56:48];
    endcase
    entry_address = {pfn, index, 3'b000};
  endfunction

  // What an entry says at its level: 4.5.4 with tables 4-14 to 4-20. A reserved
  // bit counts only in a present entry.
  function automatic logic [2:0] entry_kind(input logic [63:0] word, input logic [2:0] level, input logic [9:0] mode,
                                            input int maxphyaddr, input logic gib_pages);
    logic [63:0] reserved;
    logic leaf;
    reserved = 64'h000f_ffff_ffff_ffff & ~((64'd1 << maxphyaddr) - 64'd1);
    if (!mode[ModeNxe]) reserved[EntryNx] = 1'b1;
    leaf = level == 3'd1 || (word[EntryPs] && (level == 3'd2 || (level == 3'd3 && gib_pages)));
    if (level >= 3'd4 || (level == 3'd3 && !gib_pages)) reserved[EntryPs] = 1'b1;
    else if (word[EntryPs] && level == 3'd3) reserved[29:13] = '1;  // of a 1 GiB page's address
    else if (word[EntryPs] && level == 3'd2) reserved[20:13] = '1;  // of a 2 MiB page's address
    entry_kind = word[EntryP] ? {leaf, (word & reserved) != 64'd0, 1'b1} : 3'b000;
  endfunction

  // 4.6.1; APM 5.6.1 to 5.6.3: rights (as in a data word) of the path so far and of one more entry.
  function automatic logic [50:0] accumulate(input logic [50:0] rights, input logic [63:0] word,
                                             input logic [9:0] mode);
    accumulate = rights;
    if (!word[EntryRw]) accumulate[DataRw] = 1'b0;
    if (!word[EntryUs]) accumulate[DataUs] = 1'b0;
    if (word[EntryNx] && mode[ModeNxe]) accumulate[DataNx] = 1'b1;
  endfunction

  // The data word that caches a leaf entry; `rights` of the whole path; D as it is in the entry; PAT index: 4.9.2,
  // APM 5.4.1; protection key: 4.6.2.
  function automatic logic [50:0] leaf_data(input logic [63:0] word, input logic [2:0] level,
                                            input logic [50:0] rights);
    leaf_data = rights | {
      word[62:59],
      level == 3'd1 ? word[EntryPat4k] : word[EntryPatBig],
      word[EntryPcd],
      word[EntryPwt],
      word[EntryD],
      3'b000,
      word[51:30],
      level >= 3'd3 ? 9'd0 : word[29:21],
      level >= 3'd2 ? 9'd0 : word[20:12]
    };
  endfunction

  // 4.6.1 and 4.6.2; APM 5.6: which of the conditions of denied forbids the access.
  function automatic logic [1:0] denied(input logic [50:0] data, input logic [4:0] attr, input logic [9:0] mode,
                                        input logic [31:0] pkru, input logic [31:0] pkrs);
    logic user, us_page, write, fetch;
    logic [31:0] keys;
    logic [1:0] disabled;
    user = attr[AttrUser];
    us_page = data[DataUs];
    write = attr[1:0] == AccessWrite;
    fetch = attr[1:0] == AccessFetch;
    denied = 2'b00;
    if (user ? !us_page : us_page && !fetch && mode[ModeSmap] && (attr[AttrImplicit] || !attr[AttrAc])) denied = 2'b01;
    if (write && !data[DataRw] && (user || mode[ModeWp])) denied = 2'b01;
    if (fetch && (data[DataNx] || (!user && us_page && mode[ModeSmep]))) denied = 2'b01;

    keys = 32'd0;
    if (us_page && mode[ModePke]) keys = pkru;
    else if (!us_page && mode[ModePks]) keys = pkrs;
    if (keys != 32'd0 && !fetch) begin
      disabled = keys[{data[50:47], 1'b0}+:2];  // bit 0: access, bit 1: write
      if (disabled[0] || (disabled[1] && write && (user || mode[ModeWp]))) denied = 2'b11;
    end
  endfunction

  // 4.7: the #PF error code of an access (PK, I, RSVD, U, W, P); `kind` from entry_kind, `refused` from denied.
  function automatic logic [5:0] error_code(input logic [2:0] kind, input logic [1:0] refused,
                                            input logic [4:0] attr, input logic [9:0] mode);
    error_code = {
      refused[DeniedByKey],
      attr[1:0] == AccessFetch && (mode[ModeNxe] || mode[ModeSmep]),
      kind[KindReserved],
      attr[AttrUser],
      attr[1:0] == AccessWrite,
      kind[KindPresent]
    };
  endfunction

  // The entry is dropped by an invalidation with these flags and the key's
  // address and PCID. grain: what the entry covers at least, 0 (4 KiB) to 4; a
  // fragment of a large page is dropped with the whole page (4.10.2.3).
  function automatic logic invalidates(input logic [2:0] flags, input logic [44:0] key_page,
                                       input logic [11:0] key_pcid, input logic [59:0] word, input logic [2:0] grain);
    logic [44:0] differs;
    differs = word[44:0] ^ key_page;
    if (grain > 3'd0 || word[59:58] > 2'd0) differs[8:0] = 9'd0;
    if (grain > 3'd1 || word[59:58] > 2'd1) differs[17:9] = 9'd0;
    if (grain > 3'd2 || word[59:58] > 2'd2) differs[26:18] = 9'd0;
    if (grain > 3'd3) differs[35:27] = 9'd0;
    invalidates = ((flags & InvAddress) == 3'd0 || differs == 45'd0) &&
                  (word[TagGlobal] ? (flags & InvGlobals) != 3'd0 :
                   (flags & InvPcid) == 3'd0 || word[56:45] == key_pcid);
  endfunction

  // What a write to a control register leaves of the mode.
  function automatic logic [9:0] mode_after(input logic [9:0] mode, input logic [2:0] op, input logic [63:0] value);
    mode_after = mode;
    case (op)
      OpWriteCr0: begin
        mode_after[ModePg] = value[Cr0Pg];
        mode_after[ModeWp] = value[Cr0Wp];
      end
      OpWriteCr4: begin
        mode_after[ModeSmep] = value[Cr4Smep];
        mode_after[ModeSmap] = value[Cr4Smap];
        mode_after[ModePge] = value[Cr4Pge];
        mode_after[ModePcide] = value[Cr4Pcide];
        mode_after[ModePke] = value[Cr4Pke];
        mode_after[ModePks] = value[Cr4Pks];
        mode_after[ModeLa57] = value[Cr4La57];
      end
      OpWriteEfer: mode_after[ModeNxe] = value[EferNxe];
      default: mode_after = mode;
    endcase
  endfunction

  // An operation that changes registers and waits for every access before it; the others only invalidate.
  function automatic logic is_register_write(input logic [2:0] op);
    is_register_write = op <= OpWritePkrs;
  endfunction

  // What an operation invalidates (4.10.4.1; APM 5.5.1 to 5.5.3): Inv flags in 2:0, or bit 3: nothing.
  // EFER.NXE and CR4.LA57 change how entries are read; the manual leaves their
  // invalidation to software, this MMU drops everything.
  localparam int NoInvalidation = 3;
  function automatic logic [3:0] invalidation(input logic [2:0] op, input logic [63:0] value,
                                              input logic [9:0] before_write, input logic [9:0] after_write);
    logic [9:0] changed;
    changed = before_write ^ after_write;
    invalidation = 4'b1000;
    case (op)
      OpWriteCr0: if (changed[ModePg] && before_write[ModePg]) invalidation = {1'b0, InvGlobals};
      OpWriteCr3: if (!value[Cr3NoFlush] || !before_write[ModePcide]) invalidation = {1'b0, InvPcid};
      OpWriteCr4: begin
        if (changed[ModePge] || changed[ModeLa57] || (changed[ModePcide] && before_write[ModePcide]))
          invalidation = {1'b0, InvGlobals};
        else if (changed[ModeSmep] && after_write[ModeSmep]) invalidation = {1'b0, InvPcid | InvGlobals};
      end
      OpWriteEfer: if (changed[ModeNxe]) invalidation = {1'b0, InvGlobals};
      OpInvlpg: invalidation = {1'b0, InvAddress | InvPcid | InvGlobals};
      OpInvpcid: begin
        case (value[1:0])
          2'd0: invalidation = {1'b0, InvAddress | InvPcid};
          2'd1: invalidation = {1'b0, InvPcid};
          2'd2: invalidation = {1'b0, InvGlobals};
          default: invalidation = 4'b0000;
        endcase
      end
      default: invalidation = 4'b1000;
    endcase
  endfunction

  // A page fault drops the entries for its address (4.10.4.1; APM 5.5.3).
  localparam logic [2:0] InvPageFault = InvAddress | InvPcid | InvGlobals;

endpackage
