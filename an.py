import polars as pl, yaml, sys
from navab.text.normalise import fold_text
L=sys.argv[1]
T=lambda n: pl.read_delta(f'{L}/tables/{n}')
art=T('articles'); dup=T('duplicates'); scr=T('screening'); st=T('statements'); con=T('conflicts'); tri=T('triples')
sid=dict(art.filter(pl.col('article_id').is_not_null()).select('article_id','source_id').iter_rows())
for n in ['cn','us','uk','fr','de']:
    P=yaml.safe_load(open(f'examples/sample/planted/{n}.yaml'))
    print('=====',n)
    d=dup.filter(pl.col('nation')==n)
    for kind,key in (('exact','exact_duplicates'),('near','near_duplicates')):
        got={(sid[a],sid[c]) for a,c in d.filter(pl.col('kind')==kind).select('article_id','canonical_id').iter_rows()}
        want={(x['id'],x['canonical']) for x in P[key]}
        print(kind, 'extra',got-want,'missing',want-got)
    s={sid[a]:(v,x) for a,v,x in scr.filter(pl.col('nation')==n).select('article_id','sensitivity','sensitive').iter_rows()}
    ap=sorted((round(s[a][0],3),a) for a in P['apolitical'] if a in s); po=sorted((round(v[0],3),a) for a,v in s.items() if a not in P['apolitical'])
    print('apolitical top',ap[-3:],'political low',po[:8])
    ss=st.filter(pl.col('nation')==n)
    byart={}
    for a,t,sp,spn,ty,m,r in ss.select('article_id','text','speaker','speaker_nation','source_type','merged_into','rejected_reason').iter_rows(): byart.setdefault(sid[a],[]).append((t,sp,spn,ty,m))
    have={fold_text(t) for v in byart.values() for t,*_ in v}
    planted=[(x['id'],x['text']) for x in P['statements']]+[(c[k]['id'],c[k]['text']) for c in P['contradictions'] for k in('left','right')]+[(x['id'],x['text']) for x in P['foreign_speakers']]
    want={fold_text(t) for _,t in planted}
    print('planted statements',len(want),'found',len(want&have),'extra',len(have-want))
    print('  missing',[ (i,t) for i,t in planted if fold_text(t) not in have][:50])
    print('  extra',[(a,t) for a,v in byart.items() for t,*_ in v if fold_text(t) not in want][:12])
    tx={i:t for i,t in ss.select('statement_id','text').iter_rows()}
    c=con.filter((pl.col('nation')==n))
    got={frozenset((fold_text(tx[l]),fold_text(tx[r]))) for l,r in c.filter(pl.col('verdict')=='contradiction').select('left_id','right_id').iter_rows() if l in tx and r in tx}
    w={frozenset((fold_text(x['left']['text']),fold_text(x['right']['text']))) for x in P['contradictions']}
    print('contradictions', len(w&got),'of',len(w),'extra',[set(x) for x in got-w], 'missing', [set(x) for x in w-got])
    print('foreign', {(sid[a],sp) for a,sp in ss.filter(pl.col('speaker_nation')=='foreign').select('article_id','speaker').iter_rows()}, [(x['id'],x['speaker']) for x in P['foreign_speakers']])
    print('merged',[(a,t) for a,v in byart.items() for t,_,_,_,m in v if m is not None], [x['ids'] for x in P['restatements']])
    ent=[(tx[l],tx[r]) for l,r in c.filter(pl.col('verdict')=='entailment').select('left_id','right_id').iter_rows() if l in tx and r in tx]
    print('entailed',len(ent),'near restatements',len(P['near_restatements']))
